import unittest

from cgp_cred._place import Place, place_of, redirected

from .rules import RULES


class PlaceTest(unittest.TestCase):
    def test_parts(self):
        for rule in RULES["places"]:
            self.assertEqual(place_of(rule["url"]), Place(rule["scheme"], rule["host"], rule["path"]), rule)

    def test_what_could_be_another_host_is_refused_without_being_printed(self):
        for url in RULES["refused_urls"]:
            with self.assertRaises(ValueError, msg=url) as caught:
                place_of(url)
            self.assertNotIn("secret", str(caught.exception))

    def test_plain(self):
        for path, want in RULES["plain_paths"].items():
            self.assertEqual(Place("https", "a.example", path).plain, want, path)

    def test_loopback(self):
        for host, want in RULES["loopback_hosts"].items():
            self.assertEqual(Place("http", host, "/").loopback, want, host)

    def test_redirected(self):
        source = place_of("https://a.example:8443/x")
        for location, want in {
            "/y?q": Place("https", "a.example:8443", "/y"),
            "https://b.example/y": Place("https", "b.example", "/y"),
            "//b.example/y": None,
            "y": None,
            "///b.example": None,
            "https:b": None,
            "": None,
        }.items():
            self.assertEqual(redirected(source, location), want, location)

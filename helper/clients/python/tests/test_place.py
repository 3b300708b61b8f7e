import unittest

from cgp_cred._place import Place, place_of, redirected


class PlaceTest(unittest.TestCase):
    def test_parts(self):
        for url, want in {
            "https://A.Example/x/y?q=1#f": Place("https", "a.example", "/x/y"),
            "https://a.example:443": Place("https", "a.example:443", "/"),
            "http://[::1]:8080/": Place("http", "[::1]:8080", "/"),
            "https://a.example//x": Place("https", "a.example", "//x"),
            "HTTPS://a.example/;p=1": Place("https", "a.example", "/;p=1"),
        }.items():
            self.assertEqual(place_of(url), want, url)

    def test_what_could_be_another_host_is_refused_without_being_printed(self):
        for url in (
            "https://a.example@secret.example/",
            "https://user:secret@a.example/",
            "https://a.example\\secret.example/",
            "https:\\\\secret.example/",
            "https://a.example:80:secret/",
            "https://[secret/",
            "https:///secret",
            "ftp://secret.example/",
            "secret",
            "/secret",
            "https://a.example/secret x",
            "https://a.example/\tsecret",
            "https://a.example/\nsecret",
            "https://s\u00e9cret.example/",
            "https://secret%2eexample/",
            "",
        ):
            with self.assertRaises(ValueError, msg=url) as caught:
                place_of(url)
            self.assertNotIn("secret", str(caught.exception))

    def test_plain(self):
        for path, want in {
            "/": True,
            "/a/b/": True,
            "//a": True,
            "/a.b/..c/d..": True,
            "/a%20b": True,
            "/a;p=1/b": True,
            "/a/.b": True,
            "/a/../b": False,
            "/a/.": False,
            "/..": False,
            "/a/%2E%2e/b": False,
            "/a%2Fb": False,
            "/a%5cb": False,
            "/a\\b": False,
            "/a%0ab": False,
            "/a/..;/b": False,
            "/a/..;x=1": False,
            "/a/..%3b/b": False,
            "/a/..%20/b": False,
            "/a/.../b": False,
            "/a/%252e%252e/b": False,
            "/a/%c0%ae%c0%ae/b": False,
            "/a/%e0%80%ae/b": False,
            "/a/%00": False,
            "/a%": False,
        }.items():
            self.assertEqual(Place("https", "a.example", path).plain, want, path)

    def test_loopback(self):
        for host, want in {
            "localhost": True,
            "localhost:8080": True,
            "127.0.0.1:1": True,
            "127.9.9.9": True,
            "[::1]:443": True,
            "localhost.example": False,
            "127.0.0.1.example": False,
            "127.1": False,
            "[::2]": False,
            "a.example": False,
        }.items():
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

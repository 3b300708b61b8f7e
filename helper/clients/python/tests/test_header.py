import time
import unittest
from unittest import mock

from cgp_cred._header import parse_answer
from cgp_cred._place import place_of

ASKED = place_of("https://a.example/api/v1/x")


class HeaderTest(unittest.TestCase):
    def test_answers(self):
        for text, name, value in (
            ("header=Authorization: Bearer t\n", "Authorization", "Bearer t"),
            ("scope=https://a.example\nheader=apikey: k=1\nnew=thing\n", "apikey", "k=1"),
            ("header=\n", "", ""),
        ):
            header = parse_answer(text, ASKED)
            self.assertEqual((header.name, header.value), (name, value))
        self.assertIsNone(parse_answer("", ASKED))

    def test_answers_that_are_none(self):
        for text in (
            "Authorization: Bearer secret\n",
            "header=Authorization: Bearer secret",
            "header=Authorization: Bearer secret\nheader=Authorization: Bearer other\n",
            "header=Authorization: Bearer secret\nsecret\n",
            "header=Authorization: Bearer secret\n\n",
            "header=Authorization: Bearer secret\r\n",
            "header=Authorization: Bearer \x1bsecret\n",
            "header=Authorization:secret\n",
            "header=two words: secret\n",
            "quit=1\n",
            "header=Authorization: Bearer secret\npassword_expiry_utc=soon\n",
            "\n",
        ):
            with self.assertRaises(ValueError, msg=text) as caught:
                parse_answer(text, ASKED)
            self.assertNotIn("secret", str(caught.exception))

    def test_scope(self):
        covered = {
            None: {"/api/v1/x": True, "/api/v1": False, "/api/v1/x/": False},
            "https://a.example": {"/": True, "/anything?": False, "/x/../y": False},
            "https://a.example/api/v1": {
                "/api/v1": True, "/api/v1/y/z": True, "/api/v10": False, "/api": False, "/api/v1/%2e%2e": False,
            },
            "https://b.example": {"/api/v1/x": True, "/api/v1": False},
            "http://a.example": {"/api/v1/x": True, "/api/v1": False},
            "https://a.example@b.example": {"/api/v1/x": True, "/api/v1": False},
        }
        for scope, paths in covered.items():
            line = "" if scope is None else f"scope={scope}\n"
            header = parse_answer(line + "header=apikey: k\n", ASKED)
            for path, want in paths.items():
                self.assertEqual(header.covers(ASKED._replace(path=path)), want, (scope, path))
            for url in (
                "https://b.example/api/v1/x",
                "https://a.example:444/api/v1/x",
                "http://a.example/api/v1/x",
                "https://a.example.b/api/v1/x",
            ):
                self.assertFalse(header.covers_url(url), (scope, url))

    def test_the_default_port(self):
        asked = place_of("https://a.example:443/x")
        header = parse_answer("scope=https://a.example\nheader=apikey: k\n", asked)
        self.assertTrue(header.covers_url("https://a.example:443/y"))

    def test_life(self):
        now = float(int(time.time()))
        for line, used_for in {
            "": 300,
            f"password_expiry_utc={int(now) + 600}\n": 540,
            f"password_expiry_utc={int(now) + 100}\n": 50,
            f"password_expiry_utc={int(now) + 4}\n": 2,
            f"password_expiry_utc={int(now)}\n": 0,
        }.items():
            with mock.patch("time.time", return_value=now):
                header = parse_answer("header=apikey: k\n" + line, ASKED)
            for later, want in {-6: False, -5: True, used_for - 0.1: True, used_for: False}.items():
                with mock.patch("time.time", return_value=now + later):
                    self.assertEqual(header.fresh(), want, (line, later))

    def test_it_is_not_printed(self):
        header = parse_answer("header=Authorization: Bearer secret\n", ASKED)
        self.assertNotIn("secret", repr(header) + str(header))

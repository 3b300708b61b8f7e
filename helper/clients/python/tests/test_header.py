import time
import unittest
from unittest import mock

from cgp_cred._header import OldHelperError, parse_answer
from cgp_cred._place import place_of

from .fake import answer
from .rules import RULES

ASKED = place_of("https://a.example/api/v1/x")


class HeaderTest(unittest.TestCase):
    def test_answers(self):
        for rule in RULES["answers"]:
            header = parse_answer(rule["text"], ASKED)
            self.assertEqual((header.name, header.value), (rule["name"], rule["value"]))
        self.assertIsNone(parse_answer("", ASKED))

    def test_answers_that_are_none(self):
        for text in RULES["bad_answers"]:
            with self.assertRaises(ValueError, msg=text) as caught:
                parse_answer(text, ASKED)
            self.assertNotIsInstance(caught.exception, OldHelperError, text)
            self.assertNotIn("secret", str(caught.exception))
        for text in RULES["answers_of_old_helpers"]:
            with self.assertRaises(OldHelperError, msg=text):
                parse_answer(text, ASKED)

    def test_scope(self):
        for rule in RULES["scopes"]:
            header = parse_answer(answer("apikey: k", scope=rule["scope"]), ASKED)
            for path, want in rule["paths"].items():
                self.assertEqual(header.covers(ASKED._replace(path=path)), want, (rule, path))
            for url in RULES["never_covered"]:
                self.assertFalse(header.covers_url(url), (rule, url))

    def test_the_default_port(self):
        asked = place_of("https://a.example:443/x")
        header = parse_answer(answer("apikey: k", scope="https://a.example"), asked)
        self.assertTrue(header.covers_url("https://a.example:443/y"))

    def test_life(self):
        now = float(int(time.time()))
        for expires, used_for in {
            None: 300,
            now + 600: 540,
            now + 100: 50,
            now + 4: 2,
            now: 0,
        }.items():
            with mock.patch("time.time", return_value=now):
                header = parse_answer(answer("apikey: k", expires=expires), ASKED)
            for later, want in {-6: False, -5: True, used_for - 0.1: True, used_for: False}.items():
                with mock.patch("time.time", return_value=now + later):
                    self.assertEqual(header.fresh(), want, (expires, later))

    def test_it_is_not_printed(self):
        header = parse_answer(answer("Authorization: Bearer secret"), ASKED)
        self.assertNotIn("secret", repr(header) + str(header))

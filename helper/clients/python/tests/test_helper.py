import os
import subprocess
import sys
import threading
import time
import unittest
from unittest import mock

import cgp_cred
from cgp_cred import _helper
from cgp_cred._helper import CredentialError, Helper

from .fake import Case
from .rules import RULES

URL = "https://a.example/api/x"


class HelperTest(Case):
    def fails(self, helper=None, url=URL):
        with self.assertRaises(CredentialError) as caught:
            (helper or Helper()).header(url)
        self.assertIn("\nhint: ", str(caught.exception))
        self.assertIsNone(caught.exception.__cause__)
        return caught.exception

    def test_request(self):
        header = Helper("int").header("https://A.example:8443/api/x?patient=943#secret")
        self.assertEqual((header.name, header.value), ("Authorization", "Bearer token1"))
        [run] = self.runs()
        self.assertEqual(run["argv"], ["credential", "get", "int"])
        self.assertEqual(run["stdin"], "capability[]=header\nprotocol=https\nhost=a.example:8443\npath=/api/x\n\n")

    def test_request_without_profile_or_path(self):
        Helper().header_for_host("https://a.example/")
        [run] = self.runs()
        self.assertEqual(run["argv"], ["credential", "get"])
        self.assertEqual(run["stdin"], "capability[]=header\nprotocol=https\nhost=a.example\n\n")

    def test_each_path_is_asked_for_where_no_scope_is_told(self):
        helper = Helper()
        for path in ("x", "y", "x"):
            helper.header("https://a.example/" + path)
        self.assertEqual(len(self.runs()), 2)

    def test_a_scope_is_asked_for_once(self):
        self.answers(scope="https://a.example/api")
        helper = Helper("int")
        for path in ("api/x", "api/y?z", "api"):
            self.assertEqual(helper.header("https://a.example/" + path).value, "Bearer token1")
        self.assertEqual(Helper("int").header(URL).value, "Bearer token1")
        self.assertEqual(len(self.runs()), 1)
        for elsewhere in (
            "https://a.example/apix",
            "https://a.example/api/../x",
            "https://a.example:444/api",
            "http://a.example/api",
        ):
            helper.header(elsewhere)
        Helper("dev").header(URL)
        Helper().header(URL)
        with mock.patch.dict(os.environ, {"CGP_CRED_PROFILE": "dev"}):
            Helper().header(URL)
        self.assertEqual(len(self.runs()), 8)

    def test_a_token_near_its_end_is_not_kept(self):
        self.answers(scope="https://a.example", life=100)
        helper = Helper()
        helper.header(URL)
        later = time.time() + 60
        with mock.patch("time.time", return_value=later):
            self.assertIsNone(helper.kept(URL))
            self.assertEqual(helper.header(URL).value, "Bearer token2")

    def together(self, count, call):
        start = threading.Barrier(count)
        results = []

        def one(i):
            start.wait()
            try:
                results.append(call(i))
            except CredentialError as error:
                results.append(str(error))

        threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    def test_fifty_threads_ask_once(self):
        self.answers(scope="https://a.example")
        values = self.together(50, lambda i: Helper().header(f"https://a.example/{i}").value)
        self.assertEqual(values, ["Bearer token1"] * 50)
        self.assertEqual(len(self.runs()), 1)

    def test_fifty_threads_share_a_failure(self):
        self.plan(get={"status": 4, "until": "asked", "stderr": "cgp-cred: locked\nhint: unlock\n"})
        asking = []

        def ask(i):
            asking.append(i)
            if len(asking) == 50:
                (self.folder / "asked").touch()
            return Helper().header(f"https://a.example/{i}")

        said = self.together(50, ask)
        self.assertEqual(set(said), {"cgp-cred: locked\nhint: unlock"})
        self.assertLess(len(self.runs()), 5)  # threads that are late share another answer
        self.answers()
        self.assertEqual(Helper().header(URL).name, "Authorization")

    def test_fifty_threads_replace_once(self):
        self.answers(scope="https://a.example")
        refused = Helper().header(URL)
        values = self.together(50, lambda i: Helper().replace(URL, refused).value)
        self.assertEqual(values, ["Bearer token2"] * 50)
        [erase] = self.runs("erase")
        self.assertEqual(erase["argv"], ["credential", "erase"])
        self.assertEqual(
            erase["stdin"], "authtype=Bearer\ncredential=token1\nprotocol=https\nhost=a.example\npath=/api/x\n\n"
        )

    def test_a_refusal_of_a_new_header_is_final(self):
        helper = Helper()
        new = helper.replace(URL, helper.header(URL))
        self.assertIsNone(helper.replace(URL, new))
        self.assertEqual((len(self.runs()), len(self.runs("erase"))), (2, 1))
        later = time.time() + 61
        with mock.patch("time.time", return_value=later):
            self.assertEqual(helper.replace(URL, new).value, "Bearer token3")

    def test_the_same_header_is_no_replacement(self):
        self.answers("apikey: k")
        helper = Helper()
        self.assertIsNone(helper.replace(URL, helper.header(URL)))
        self.assertIsNone(helper.replace(URL, helper.header(URL)))
        self.assertEqual((len(self.runs()), len(self.runs("erase"))), (2, 0))

    def test_erase_that_fails_is_logged(self):
        self.plan(
            get={"stdout": "capability[]=header\nheader=Authorization: Bearer t\n"}, erase={"status": 4, "stderr": "cgp-cred: locked\n"}
        )
        helper = Helper()
        with self.assertLogs("cgp_cred", "WARNING") as log:
            self.assertIsNone(helper.replace(URL, helper.header(URL)))
        self.assertIn("locked", log.output[0])

    def test_status_and_message(self):
        message = "cgp-cred: the keychain is locked\x1b[2J\nhint: unlock it\n"
        self.plan(get={"status": 4, "stdout": "quit=1\n", "stderr": message})
        error = self.fails()
        self.assertEqual((str(error), error.status), ("cgp-cred: the keychain is locked?[2J\nhint: unlock it", 4))

    def test_a_long_message_is_cut(self):
        self.plan(get={"status": 4, "stderr": "x\nhint: " + "y" * 100000})
        self.assertEqual(len(str(self.fails())), 2000)

    def test_failure_without_a_message(self):
        self.plan(get={"status": 9})
        self.assertEqual(self.fails().status, 9)

    def test_no_profile_covers(self):
        self.plan(get={})
        error = self.fails(url="https://a.example/secret?secret")
        self.assertEqual(error.status, 3)
        self.assertIn("no profile covers this place on https://a.example\n", str(error))
        self.assertIn("profile 'int' does not cover", str(self.fails(Helper("int"))))

    def test_answers_that_are_none(self):
        for stdout in (
            "header=Authorization: Bearer secret\nheader=Authorization: Bearer secret\n",
            "Authorization: Bearer secret\n",
            "quit=1\n",
        ):
            self.plan(get={"stdout": stdout})
            error = self.fails()
            self.assertIsNone(error.status)
            self.assertNotIn("secret", str(error))

    def test_a_helper_that_is_too_old_is_named(self):
        for version, said in {
            '{"version":"v0.3.0","commit":""}': "is cgp-cred v0.3.0, which is too old for this package, version 0.0.0",
            "cgp-cred: unknown flag": "is cgp-cred of an unknown version, which is too old",
            '["v0.3.0"]': "of an unknown version",
        }.items():
            for text in RULES["answers_of_old_helpers"]:
                self.plan(get={"stdout": text}, **{"--json": {"stdout": version}})
                with self.assertRaises(CredentialError) as caught:
                    Helper().header(URL)
                self.assertIn(str(self.program), str(caught.exception))
                self.assertIn(said, str(caught.exception))
                self.assertIn("hint: update cgp-cred, then run: cgp-cred clients install python", str(caught.exception))
                self.assertNotIn("secret", str(caught.exception))

    def test_it_hangs(self):
        self.plan(get={"sleep": 60, "stdout": "capability[]=header\nheader=apikey: k\n"})
        self.assertIn("did not answer within 0.3 s", str(self.fails(Helper(timeout=0.3))))

    def test_warnings_are_logged(self):
        self.plan(get={"stdout": "capability[]=header\nheader=apikey: k\n", "stderr": "cgp-cred: warning: the clock\n"})
        with self.assertLogs("cgp_cred", "WARNING") as log:
            Helper().header(URL)
        self.assertEqual(log.records[0].getMessage(), "cgp-cred: warning: the clock")

    def test_it_is_gone(self):
        self.program.unlink()
        self.assertIn("can't be run: No such file", str(self.fails()))

    def test_profile_names(self):
        for name in ("--help", "a b", "../x", "A", "x" * 65):
            self.assertEqual(self.fails(Helper(name)).status, 2)
        self.assertEqual(self.runs(), [])

    def test_urls(self):
        for url in ("", "https://user:secret@a.example/", "file:///etc/passwd"):
            self.assertNotIn("secret", str(self.fails(url=url)))
        self.assertEqual(self.runs(), [])

    def test_path(self):
        self.patch(_helper, "PROGRAM", "")
        with mock.patch.dict(os.environ, {"PATH": os.pathsep.join(["/nowhere", str(self.folder)])}):
            Helper().header(URL)
        self.assertEqual(len(self.runs()), 1)

    def test_the_current_folder_is_not_on_path(self):
        self.patch(_helper, "PROGRAM", "")
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.folder)
        for path in ("", ".", os.pathsep, "." + os.pathsep + "/nowhere", "./", "../" + self.folder.name):
            with mock.patch.dict(os.environ, {"PATH": path}):
                self.assertIn("is not on PATH", str(self.fails()))
        self.assertEqual(self.runs(), [])

    @unittest.skipUnless(hasattr(os, "fork"), "no fork on this system")
    def test_a_forked_child_does_not_wait_for_a_thread_it_has_not(self):
        helper = Helper()
        helper.header(URL)
        origin = helper._origin(_helper._place(URL))
        with origin.lock, _helper._guard:
            child = os.fork()
            if child == 0:
                os._exit(0 if helper.header(URL + "y").name else 1)
            end = time.monotonic() + 20
            while time.monotonic() < end:
                pid, status = os.waitpid(child, os.WNOHANG)
                if pid:
                    break
                time.sleep(0.01)
            else:
                os.kill(child, 9)
                self.fail("the child waits forever")
        self.assertEqual(status, 0)

    def test_it_imports_neither_requests_nor_httpx(self):
        code = "import sys, cgp_cred; sys.exit('requests' in sys.modules or 'httpx' in sys.modules)"
        folder = os.path.dirname(os.path.dirname(cgp_cred.__file__))
        done = subprocess.run([sys.executable, "-c", code], check=False, cwd=folder)
        self.assertEqual(done.returncode, 0)

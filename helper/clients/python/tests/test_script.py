import contextlib
import io
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from unittest import mock

from cgp_cred import _script

from .fake import Case, answer, wants

STANDIN = Path(__file__).parent / "standin"
PACKAGE = Path(__file__).parents[1]

# The package with the fake program; its own process, as a user runs it.
RUN = "import runpy, sys; from cgp_cred import _helper; _helper.PROGRAM = sys.argv.pop(1); " + (
    "runpy.run_module('cgp_cred.cgpclient', run_name='__main__', alter_sys=True)"
)


class ScriptTest(Case):
    """Stands for cgpclient's own scripts; TestClientsCGP runs those."""

    def setUp(self):
        super().setUp()
        self.home = self.folder / "home"
        self.home.mkdir()
        self.site = self.folder / "site"
        shutil.copytree(STANDIN, self.site, ignore=shutil.ignore_patterns("__pycache__"))

    def start(self, *args):
        """Run a script as a user does."""
        path = os.pathsep.join(filter(None, [str(self.site), str(PACKAGE), os.environ.get("PYTHONPATH")]))
        env = {**os.environ, "HOME": str(self.home), "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
        return subprocess.Popen(
            [sys.executable, "-B", "-c", RUN, str(self.program), *args],
            cwd=self.home,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run_script(self, *args, status=0, cwd=None, **environment):
        """Run a script in a copy of this process, which has loaded requests already; return its output."""
        out, err = self.folder / "out", self.folder / "err"
        pid = os.fork()
        if pid == 0:
            code = 99
            try:
                code = self.run_here(args, out, err, cwd or self.home, {"HOME": str(self.home), **environment})
            finally:
                os._exit(code)
        ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        texts = out.read_text(), err.read_text()
        self.assertEqual(ended, status, texts)
        self.assertNotRegex(texts[0] + texts[1], r"token\d")
        return texts

    def run_here(self, args, out, err, cwd, environment):
        sys.stdout, sys.stderr = out.open("w"), err.open("w")
        logging.root.handlers.clear()
        os.chdir(cwd)
        os.environ.update(environment)
        sys.path[:0] = ["", str(self.site)]
        try:
            code = _script.main(args)
        except SystemExit as end:
            code = end.code
        sys.stdout.flush()
        sys.stderr.flush()
        return code

    def fails(self, *args, cwd=None, **environment):
        """Return the one sentence and the hints of a failure before anything is run, in this process."""
        for name in [name for name in sys.modules if name.partition(".")[0] == "cgpclient"]:
            del sys.modules[name]
        out, err, before = io.StringIO(), io.StringIO(), os.getcwd()
        os.chdir(cwd or self.home)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                with mock.patch.object(sys, "path", ["", str(self.site), *sys.path]):
                    with mock.patch.dict(os.environ, environment):
                        self.assertEqual(_script.main(args), 2)
        finally:
            os.chdir(before)
        self.assertEqual(out.getvalue(), "")
        text, *hints = err.getvalue().splitlines()
        self.assertTrue(text.startswith("cgp-cred: "), text)
        self.assertTrue(hints and all(hint.startswith("hint: ") for hint in hints), hints)
        return err.getvalue()

    def api(self, allow=("token1",)):
        server = self.server(wants(*allow))
        self.answers("Authorization: Bearer token1", scope=server.url)
        return server, server.url.partition("//")[2]

    def test_a_script_has_its_credential(self):
        server, host = self.api()
        out, err = self.run_script("--profile", "int", "list_files", "-host", host, "-api", "gda")
        self.assertEqual((out.splitlines()[-1], err), ("ok", ""))
        self.assertEqual([r["path"] for r in server.seen], ["/gda/FHIR/R4/DocumentReference"])
        [run] = self.runs()
        self.assertEqual(run["argv"], ["credential", "get", "int"])
        self.assertIn("\npath=/gda/FHIR/R4/DocumentReference\n", run["stdin"])
        self.assertIn(f"['{self.site}/cgpclient/scripts/list_files', '-host', '{host}'", out)

    def test_where_a_script_is_found(self):
        server, host = self.api()
        scripts = self.site / "cgpclient" / "scripts"
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        shutil.copy(scripts / "list_files", elsewhere / "mine")
        (elsewhere / "list_files").write_text("import sys; sys.exit('another program')\n")
        for name, more in (
            ("list_files", {"PATH": str(elsewhere)}),  # another program of that name is passed over
            ("mine", {"PATH": str(elsewhere)}),
            (str(scripts / "list_files"), {}),
            ("./list_files", {"cwd": scripts}),
            ("../elsewhere/mine", {}),
        ):
            out, _ = self.run_script(name, "-host", host, "-api", "gda", **more)
            self.assertTrue(out.endswith("ok\n"), name)
        self.fails("mine", PATH=f"elsewhere{os.pathsep}.", cwd=self.folder)  # no relative folders
        self.assertIn("give its path: ", self.fails("mine", cwd=elsewhere))

    def test_its_exit_status_output_and_help(self):
        _, host = self.api()
        self.run_script("list_files", "-host", host, "-api", "gda", "-x", "7", status=7)
        out, _ = self.run_script("list_files", "--help")
        self.assertIn("usage: list_files ", out)
        out, err = self.run_script("list_files", "--nonsense", status=2)
        self.assertIn("usage: list_files ", err)

    def test_an_error_of_the_script_is_its_own(self):
        _, host = self.api(allow=())
        _, err = self.run_script("list_files", "-host", host, "-api", "gda", status=1)
        self.assertIn("CGPClientException: Failed to fetch from endpoint: 401", err)
        self.assertNotIn("_script.py", err)
        self.assertIn("refused the credential (401)\nhint: cgp-cred doctor\n", err)
        _, err = self.run_script("post_resource", status=1)
        self.assertIn("ImportError: cannot import name 'gone'", err)

    def test_a_revoked_token_is_replaced(self):
        server, host = self.api(allow=("token2",))
        self.answers(scope=server.url)
        self.run_script("list_files", "-host", host, "-api", "gda")
        self.assertEqual(len(server.seen), 2)
        self.assertEqual(len(self.runs("erase")), 1)

    def test_an_api_key_profile(self):
        server, host = self.api()
        self.plan(get={"stdout": answer("apikey: key-of-the-profile", server.url)})
        _, err = self.run_script("list_files", "-host", host, "-api", "gda", status=1)
        self.assertEqual(server.seen[0]["headers"]["apikey"], "key-of-the-profile")
        self.assertNotIn("authorization", server.seen[0]["headers"])
        self.assertNotIn("key-of-the-profile", err)

    def test_no_other_host_gets_the_token(self):
        other = self.server(lambda request: (200, {}))
        server, host = self.api()
        drs = other.url + "/gda/ga4gh/drs/v1.4/objects/x"
        config = self.home / ".cgpclient" / "config.json"
        config.parent.mkdir()
        common = ["list_files", "-host", host, "-api", "gda", "-d", drs]
        # On by default, and whatever text the option has: it is cgpclient's rule for this option.
        for more in ((), ("-over", "True"), ("-over", "False")):
            self.run_script(*common, *more)
            self.assertEqual(server.seen[-1]["path"], "/gda/ga4gh/drs/v1.4/objects/x")
        self.assertEqual(other.seen, [])
        # Off because the user said so: then the request is refused, because no profile covers the place.
        self.plan(get={"stdout": ""})
        for text, more in (("{}", ("-over", "")), ('{"override_api_base_url": false}', ())):
            config.write_text(text)
            self.assertIn("no profile covers this place on " + other.url, self.denied(*common, *more))
        self.assertEqual(other.seen, [])
        config.write_text('{"override_api_base_url": null}')
        self.answers("Authorization: Bearer token1", scope=server.url)
        self.run_script(*common)

    def denied(self, *args):
        out, err = self.run_script(*args, status=3)
        self.assertNotIn("Traceback", err)
        return err

    def test_a_program_of_the_user(self):
        other = self.server(lambda request: (200, {}))
        server, host = self.api()
        drs = other.url + "/gda/ga4gh/drs/v1.4/objects/x"
        self.answers(scope=server.url)
        self.run_script("own", host, drs)  # the fake covers the other host too, with another token
        self.assertEqual(len(server.seen), 1)
        self.assertEqual([r["headers"]["authorization"] for r in other.seen], ["Bearer token2"])

    def test_a_redirect_to_another_host(self):
        for header, name in (("Authorization: Bearer token1", "authorization"), ("apikey: key1", "apikey")):
            other = self.server(lambda request: (200, {}))
            server = self.server(lambda request: (302, {"Location": other.url}))
            self.answers(header, scope=server.url)
            self.run_script("list_files", "-host", server.url.partition("//")[2], "-api", "gda")
            self.assertIn(name, server.seen[0]["headers"])
            self.assertEqual([name in r["headers"] for r in other.seen], [False])

    def test_keys_are_not_used_and_that_is_said_once(self):
        server, host = self.api()
        config = self.home / ".cgpclient" / "config.json"
        config.parent.mkdir()
        for text, more, names in (
            ('{"private_key_pem": "/nonexistent", "api_key": "secret"}', (), "api_key, private_key_pem"),
            ("{}", ("-k", "secret"), "api_key"),
            ("{}", ("-pem", "x.pem"), "private_key_pem"),
        ):
            config.write_text(text)
            _, err = self.run_script("list_files", "-host", host, "-api", "gda", *more)
            self.assertEqual(err.count("config file: " + names + "\n"), 1, err)
            self.assertIn("\nhint: ", err)
            self.assertIn("cgp-cred import", err)
            self.assertNotIn("secret", err)
            self.assertNotIn("apikey", server.seen[-1]["headers"])

    def test_a_config_file_without_keys(self):
        server, host = self.api()
        config = self.home / ".cgpclient" / "config.json"
        config.parent.mkdir()
        config.write_text(json.dumps({"api_host": host, "api_name": "gda"}))
        self.assertEqual(self.run_script("list_files")[1], "")

    def test_a_sandbox_needs_none(self):
        _, err = self.run_script("list_files", "-host", "sandbox.localhost:1", "-api", "x", "-k", "k", status=1)
        self.assertIn("requests.exceptions", err)
        self.assertNotIn("not used", err)
        self.assertEqual(self.runs(), [])

    def test_the_log_has_no_token(self):
        _, host = self.api()
        _, err = self.run_script("list_files", "-host", host, "-api", "gda", "-vv")
        self.assertIn("Authorization", err)  # the stand-in logs its headers; run_script looks for the token

    def test_netrc_never_wins(self):
        server, host = self.api()
        netrc = self.folder / "netrc"
        netrc.write_text("default login user password pass\n")
        netrc.chmod(0o600)
        self.run_script("list_files", "-host", host, "-api", "gda", NETRC=str(netrc))
        self.assertEqual(server.seen[0]["headers"]["authorization"], "Bearer token1")

    def test_no_credential(self):
        server, host = self.api()
        self.plan(get={"status": 4, "stderr": "cgp-cred: locked\nhint: unlock\n"})
        err = self.run_script("list_files", "-host", host, "-api", "gda", status=4)[1]
        self.assertEqual(err, "cgp-cred: locked\nhint: unlock\n")
        self.assertEqual(server.seen, [])

    def test_usage(self):
        out, err = self.run_script("--help")
        self.assertIn("usage: python3 -m cgp_cred.cgpclient ", out)
        for args in (
            (),
            ("",),
            ("--profile",),
            ("--profile", "int"),
            ("--profile=", "list_files"),
            ("--profile", "--help", "list_files"),
            ("--profile", "../x", "list_files"),
            ("--nonsense", "list_files"),
            ("-p", "list_files"),
            ("nonsense",),
            ("/nonexistent/list_files",),
            ("./list_files",),
            (".",),
            ("/",),
            ("other",),
            ("../site/cgpclient/scripts/other",),
            ("../cgp-cred",),
            ("list\x1bfiles",),
        ):
            self.assertNotIn("\x1b", self.fails(*args), args)
        self.assertIn("hint: cgp-cred get --format token", self.fails("get_nhs_oauth_token", "-k", "x"))
        self.assertIn("hint: cgp-cred get --format token", self.fails("/x/get_nhs_oauth_token.py"))
        self.assertIn("hint: cgp-cred keygen", self.fails("create_apim_keys.sh"))
        self.assertEqual(self.runs(), [])

    def test_cgpclient_is_missing_or_another(self):
        auth, client = (self.site / "cgpclient" / name for name in ("auth.py", "client.py"))
        good = auth.read_text(), client.read_text()
        for file, text in (
            (auth, good[0].replace("create_auth_provider", "make_auth_provider")),
            (auth, "raise RuntimeError('of another Python')\n"),
            (auth, "import nonexistent_module\n"),
            (auth, "def f(:\n"),
            (client, good[1].replace("override_api_base_url", "pinned")),
            (client, good[1].replace("auth_provider=None", "token=None").replace("auth_provider or ", "")),
            (client, "from cgpclient.auth import create_auth_provider\n"),
            (client, None),
        ):
            auth.write_text(good[0])
            client.write_text(good[1])
            if text is None:
                file.unlink()
            else:
                file.write_text(text)
            self.assertIn("cgpclient", self.fails("list_files"))
        shutil.rmtree(self.site / "cgpclient")
        self.assertIn("is not installed for this Python", self.fails("list_files"))
        (self.site / "cgpclient").mkdir()
        self.assertIn("is not installed for this Python", self.fails("list_files"))

    def test_modules_of_the_current_folder_are_not_run(self):
        _, host = self.api()
        for name in ("requests.py", "urllib3.py", "cgpclient.py"):
            (self.home / name).write_text("raise SystemExit('this is not run')\n")
        out, err = self.start("list_files", "-host", host, "-api", "gda").communicate(timeout=600)
        self.assertTrue(out.endswith("ok\n"), err)

    def test_an_interrupt_ends_it_as_a_signal_does(self):
        process = self.start("wait")
        self.assertEqual(process.stdout.readline(), "waiting\n")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=600)
        self.assertEqual((process.returncode, out, err), (-signal.SIGINT, "", ""))

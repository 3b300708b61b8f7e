package redirects

// Client is a program or a library, used as its users use it.
type Client struct {
	Name     string // in the documents
	Language string // of the scripts: see languages
	Package  string // that has it: make deps installs it, or make clients
	Version  string // a line of shell that prints the version; without one the client is missing
	Header   Way
	Safe     []Way // ways that send less on
	// Token is set if the client has no way to send an API key.
	Token bool
	// Cheap clients are played in every run of the tests.
	Cheap bool
}

// Way is a way to give a client the header. Its script requests $URL with the headers "Authorization: Bearer $TOKEN"
// and "apikey: $KEY", which are also the lines of the file headers. Its exit status does not count: servers see what
// it did.
type Way struct {
	Name   string // what is special about it
	Script string
}

// language is how a script is run: the name of its file, and what is before it on the command line.
type language struct {
	file string
	argv []string
}

var languages = map[string]language{
	"sh":     {"client.sh", []string{"sh"}},
	"python": {"client.py", []string{"/usr/bin/python3"}},
	"node":   {"client.mjs", []string{"node"}},
	"perl":   {"client.pl", []string{"perl"}},
	"r":      {"client.R", []string{"Rscript", "--vanilla"}},
	"ruby":   {"client.rb", []string{"ruby"}},
	"php":    {"client.php", []string{"php"}},
	"go":     {"client.go", []string{"go", "run"}},
	"java":   {"Client.java", []string{"java", "-cp", "/usr/share/java/okhttp.jar:/usr/share/java/okio.jar"}},
}

// Clients are all clients, in the order of the table.
var Clients = concat(programs, apiClients, pythonClients, nodeClients, rClients, otherClients)

func concat(lists ...[]Client) []Client {
	var all []Client
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

var programs = []Client{
	{
		Name: "curl `-L`", Language: "sh", Package: "curl", Version: "curl --version",
		Header: Way{Script: `curl -q -sS -L -H @headers "$URL"`},
		Safe: []Way{
			{"without `-L`", `curl -q -sS -H @headers "$URL"`},
		},
		Cheap: true,
	},
	{
		Name: "curl `--location-trusted`", Language: "sh", Package: "curl",
		Version: "curl --version",
		Header:  Way{Script: `curl -q -sS --location-trusted -H @headers "$URL"`},
		Cheap:   true,
	},
	{
		Name: "curl `-L -n`", Language: "sh", Package: "curl", Version: "curl --version",
		Header: Way{Script: `touch ~/.netrc; curl -q -sS -L -n -H @headers "$URL"`},
		Cheap:  true,
	},
	{
		Name: "curl 8 `-L`", Language: "sh", Package: "curl", Version: "curl8 --version",
		Header: Way{Script: `curl8 -q -sS -L -H @headers "$URL"`},
		Safe: []Way{
			{"without `-L`", `curl8 -q -sS -H @headers "$URL"`},
		},
	},
	{
		Name: "curl 8 `--expand-oauth2-bearer`", Language: "sh", Package: "curl",
		Version: "curl8 --version",
		Header:  Way{Script: `curl8 -q -sS -L --variable %TOKEN --expand-oauth2-bearer '{{TOKEN}}' "$URL"`},
		Token:   true,
	},
	{
		Name: "wget", Language: "sh", Package: "wget", Version: "wget --version",
		Header: Way{Script: wgetrc + `wget --config=wgetrc -q -t1 -O- "$URL"`},
		Safe: []Way{
			{"`--max-redirect=0`", wgetrc + `wget --config=wgetrc -q -t1 -O- --max-redirect=0 "$URL"`},
		},
		Cheap: true,
	},
	{
		Name: "wget2", Language: "sh", Package: "wget2", Version: "wget2 --version",
		Header: Way{Script: wgetrc + `wget2 --config=wgetrc -q -t1 -O out "$URL"`},
		Safe: []Way{
			{"`--max-redirect=0`", wgetrc + `wget2 --config=wgetrc -q -t1 -O out --max-redirect=0 "$URL"`},
		},
	},
	{
		Name: "wget2 2.2", Language: "sh", Package: "wget2", Version: "wget2.2 --version",
		Header: Way{Script: wgetrc + `wget2.2 --config=wgetrc -q -t1 -O out "$URL"`},
		Safe: []Way{
			{"`--max-redirect=0`", wgetrc + `wget2.2 --config=wgetrc -q -t1 -O out --max-redirect=0 "$URL"`},
		},
	},
	{
		Name: "BusyBox wget", Language: "sh", Package: "busybox-static",
		Version: "busybox",
		Header: Way{
			Script: `busybox wget -q -O- --header "Authorization: Bearer $TOKEN" --header "apikey: $KEY" "$URL"`,
		},
		Cheap: true,
	},
	{
		Name: "aria2", Language: "sh", Package: "aria2", Version: "aria2c --version",
		Header: Way{Script: `sed 's/^/header=/' headers >aria2.conf
aria2c --conf-path=aria2.conf -q --max-tries=1 -o out "$URL"`},
		Cheap: true,
	},
	{
		Name: "git, credential helper", Language: "sh", Package: "git", Version: `"$TOOLS/newgit/git" --version`,
		Header: Way{Script: gitHelper + `git ls-remote "$URL"`},
		Safe: []Way{
			{"`http.followRedirects=false`", gitHelper + `git -c http.followRedirects=false ls-remote "$URL"`},
		},
		Token: true,
	},
	{
		Name: "git, `http.extraHeader`", Language: "sh", Package: "git",
		Version: "git --version",
		Header:  Way{Script: gitConfig + `git ls-remote "$URL"`},
		Safe: []Way{
			{"`http.followRedirects=false`", gitConfig + `git -c http.followRedirects=false ls-remote "$URL"`},
		},
		Cheap: true,
	},
	{
		Name: "samtools, `HTS_AUTH_LOCATION`", Language: "sh", Package: "samtools",
		Version: "samtools --version",
		Header: Way{Script: `printf %s "$TOKEN" >token
HTS_AUTH_LOCATION=$PWD/token HTS_ALLOW_UNENCRYPTED_AUTHORIZATION_HEADER='I understand the risks' \
	samtools view -H "$URL.bam"`},
		Token: true,
		Cheap: true,
	},
	{
		Name: "rclone, webdav", Language: "sh", Package: "rclone",
		Version: "rclone --version",
		Header: Way{Script: `export RCLONE_CONFIG=/dev/null RCLONE_WEBDAV_URL="$URL" RCLONE_RETRIES=1
export RCLONE_LOW_LEVEL_RETRIES=1
RCLONE_WEBDAV_BEARER_TOKEN=$TOKEN RCLONE_WEBDAV_HEADERS="apikey,$KEY" rclone cat :webdav:file`},
	},
	{
		Name: "HTTPie `--follow`", Language: "sh", Package: "httpie",
		Version: "http --version",
		Header:  Way{Script: httpie + `http --ignore-stdin --follow "$URL" Authorization:@token apikey:@key`},
		Safe: []Way{
			{"`--follow --ignore-netrc`", httpie +
				`http --ignore-stdin --follow --ignore-netrc "$URL" Authorization:@token apikey:@key`},
			{"without `--follow`", httpie + `http --ignore-stdin "$URL" Authorization:@token apikey:@key`},
		},
		Cheap: true,
	},
	{
		Name: "xh `--follow`", Language: "sh", Package: "xh", Version: "xh --version",
		Header: Way{Script: httpie + `xh --ignore-stdin --follow "$URL" Authorization:@token apikey:@key`},
		Safe: []Way{
			{"without `--follow`", httpie + `xh --ignore-stdin "$URL" Authorization:@token apikey:@key`},
		},
	},
	{
		Name: "davix-get", Language: "sh", Package: "davix",
		Version: "davix-get --version",
		Header:  Way{Script: `davix-get -H "Authorization: Bearer $TOKEN" -H "apikey: $KEY" "$URL"`},
	},
}

const (
	wgetrc    = "sed 's/^/header = /' headers >wgetrc\n"
	gitConfig = `export GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=http.extraHeader GIT_CONFIG_KEY_1=http.extraHeader
export GIT_CONFIG_VALUE_0="Authorization: Bearer $TOKEN" GIT_CONFIG_VALUE_1="apikey: $KEY"
`
	gitHelper = `mkdir core
ln -s "$TOOLS"/newgit/git-core/* core
ln -s git-remote-https core/git-remote-http
export GIT_EXEC_PATH="$PWD/core" PATH="$PWD/core:$PATH"
cat >helper <<'X'
#!/bin/sh
[ "$1" = get ] || exit 0
printf 'capability[]=authtype\nauthtype=Bearer\ncredential=%s\n' "$TOKEN"
X
chmod +x helper
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=credential.helper GIT_CONFIG_VALUE_0="$PWD/helper" GIT_TERMINAL_PROMPT=0
`
	httpie = `printf 'Bearer %s' "$TOKEN" >token; printf %s "$KEY" >key
`
)

var apiClients = []Client{
	{
		Name: "newman", Language: "sh", Package: "newman", Version: "newman --version",
		Header: Way{Script: newman + "newman run c.json -e e.json"},
		Safe: []Way{
			{"`--ignore-redirects`", newman + "newman run c.json -e e.json --ignore-redirects"},
		},
	},
	{
		Name: "Bruno", Language: "sh", Package: "@usebruno/cli", Version: "bru --version",
		Header: Way{Script: bruno + "bru run r.bru"},
		Safe: []Way{
			{"`followRedirects: false`", bruno + `printf 'settings {\n  followRedirects: false\n}\n' >>r.bru
bru run r.bru`},
		},
	},
	{
		Name: "httpYac", Language: "sh", Package: "httpyac", Version: "httpyac --version",
		Header: Way{Script: httpYac + "httpyac send r.http --all"},
		Safe: []Way{
			{"`# @no-redirect`", httpYac + "sed -i '1i # @no-redirect' r.http; httpyac send r.http --all"},
		},
	},
	{
		Name: "k6", Language: "sh", Package: "k6", Version: "k6 version", Header: Way{Script: k6("")},
		Safe: []Way{
			{"`redirects: 0`", k6(", redirects: 0")},
		},
	},
}

const (
	newman = `printf '{"values":[{"key":"T","value":"Bearer %s"},{"key":"K","value":"%s"},{"key":"U","value":"%s"}]}' \
	"$TOKEN" "$KEY" "$URL" >e.json
cat >c.json <<'X'
{"info": {"name": "c", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
 "item": [{"name": "r", "request": {"method": "GET", "url": "{{U}}",
  "header": [{"key": "Authorization", "value": "{{T}}"}, {"key": "apikey", "value": "{{K}}"}]}}]}
X
`
	bruno = `echo '{"version": "1", "name": "c", "type": "collection"}' >bruno.json
cat >r.bru <<'X'
meta {
  name: r
  type: http
}

get {
  url: {{process.env.URL}}
}

headers {
  Authorization: Bearer {{process.env.TOKEN}}
  apikey: {{process.env.KEY}}
}

X
`
	httpYac = `cat >r.http <<'X'
GET {{process.env.URL}}
Authorization: Bearer {{process.env.TOKEN}}
apikey: {{process.env.KEY}}
X
`
)

func k6(option string) string {
	return `cat >r.js <<'X'
import http from "k6/http"
export default function () {
  const { URL, TOKEN, KEY } = __ENV
  http.get(URL, { headers: { Authorization: "Bearer " + TOKEN, apikey: KEY }` + option + ` })
}
X
k6 run --quiet --no-usage-report --summary-mode=disabled r.js`
}

var pythonClients = []Client{
	{
		Name: "Python requests, `headers=`", Language: "python", Package: "python3-requests",
		Version: pythonVersion("requests"),
		Header:  Way{Script: pythonHeaders + "import requests\nrequests.get(URL, headers=H)"},
		Safe: []Way{
			{"`allow_redirects=False`", pythonHeaders + `import requests
requests.get(URL, headers=H, allow_redirects=False)`},
		},
		Cheap: true,
	},
	{
		Name: "Python requests, `Session.headers`", Language: "python",
		Package: "python3-requests", Version: pythonVersion("requests"),
		Header: Way{Script: pythonHeaders + "import requests\ns = requests.Session()\ns.headers.update(H)\ns.get(URL)"},
		Safe: []Way{
			{"`trust_env = False`", pythonHeaders + `import requests
s = requests.Session()
s.trust_env = False
s.headers.update(H)
s.get(URL)`},
		},
		Cheap: true,
	},
	{
		Name: "Python httpx, `follow_redirects`", Language: "python", Package: "python3-httpx",
		Version: pythonVersion("httpx"),
		Header:  Way{Script: pythonHeaders + "import httpx\nhttpx.get(URL, headers=H, follow_redirects=True)"},
		Safe: []Way{
			{"the default", pythonHeaders + "import httpx\nhttpx.get(URL, headers=H)"},
		},
		Cheap: true,
	},
	{
		Name: "Python urllib", Language: "python", Package: "python3",
		Version: "/usr/bin/python3 --version",
		Header:  Way{Script: pythonHeaders + "import urllib.request as u\nu.urlopen(u.Request(URL, headers=H))"},
		Safe: []Way{
			{"`add_unredirected_header`", pythonHeaders + `import urllib.request as u
r = u.Request(URL)
for name, value in H.items():
    r.add_unredirected_header(name, value)
u.urlopen(r)`},
		},
		Cheap: true,
	},
	{
		Name: "Python urllib3", Language: "python", Package: "python3-urllib3",
		Version: pythonVersion("urllib3"),
		Header:  Way{Script: pythonHeaders + "import urllib3\nurllib3.PoolManager().request('GET', URL, headers=H)"},
		Safe: []Way{
			{"`remove_headers_on_redirect`", pythonHeaders + `import urllib3
retry = urllib3.Retry(remove_headers_on_redirect=["Authorization", "apikey"])
urllib3.PoolManager().request("GET", URL, headers=H, retries=retry)`},
		},
	},
	{
		Name: "Python aiohttp", Language: "python", Package: "python3-aiohttp",
		Version: pythonVersion("aiohttp"),
		Header:  Way{Script: aiohttp("")},
		Safe: []Way{
			{"`allow_redirects=False`", aiohttp(", allow_redirects=False")},
		},
	},
	{
		Name: "Python fsspec, `client_kwargs`", Language: "python", Package: "python3-fsspec",
		Version: pythonVersion("fsspec"),
		Header: Way{Script: pythonHeaders + `import fsspec
fsspec.open(URL, client_kwargs={"headers": H}).open().read()`},
	},
	{
		Name: "Python pandas, `storage_options`", Language: "python", Package: "python3-pandas",
		Version: pythonVersion("pandas"),
		Header:  Way{Script: pythonHeaders + "import pandas\npandas.read_json(URL, storage_options=H)"},
	},
}

const pythonHeaders = `import os
URL = os.environ["URL"]
H = {"Authorization": "Bearer " + os.environ["TOKEN"], "apikey": os.environ["KEY"]}
`

func pythonVersion(module string) string {
	return "/usr/bin/python3 -c 'import " + module + "; print(" + module + ".__version__)'"
}

func aiohttp(option string) string {
	return pythonHeaders + `import aiohttp, asyncio

async def main():
    async with aiohttp.ClientSession(headers=H) as session:
        async with session.get(URL` + option + `) as answer:
            await answer.read()

asyncio.run(main())`
}

var nodeClients = []Client{
	{
		Name: "Node.js `fetch`", Language: "node", Package: "nodejs",
		Version: "node --version",
		Header:  Way{Script: nodeHeaders + "await (await fetch(URL, { headers })).text()"},
		Safe: []Way{
			{"`redirect: \"manual\"`", nodeHeaders + `const a = await fetch(URL, { headers, redirect: "manual" })
await a.text()`},
		},
		Cheap: true,
	},
	{
		Name: "undici `request`", Language: "node", Package: "undici", Version: npmVersion("undici"),
		Header: Way{Script: nodeHeaders + `import { request } from "undici"
await (await request(URL, { headers })).body.text()`},
	},
	{
		Name: "undici `interceptors.redirect`", Language: "node", Package: "undici",
		Version: npmVersion("undici"),
		Header: Way{Script: nodeHeaders + `import { Agent, interceptors, request } from "undici"
const dispatcher = new Agent().compose(interceptors.redirect({ maxRedirections: 5 }))
await (await request(URL, { headers, dispatcher })).body.text()`},
	},
	{
		Name: "axios", Language: "node", Package: "axios", Version: npmVersion("axios"),
		Header: Way{Script: nodeHeaders + `import axios from "axios"
await axios.get(URL, { headers })`},
		Safe: []Way{
			{"`sensitiveHeaders`", nodeHeaders + `import axios from "axios"
await axios.get(URL, { headers, sensitiveHeaders: ["apikey"] })`},
			{"`maxRedirects: 0`", nodeHeaders + `import axios from "axios"
await axios.get(URL, { headers, maxRedirects: 0 })`},
		},
	},
	{
		Name: "got", Language: "node", Package: "got", Version: npmVersion("got"),
		Header: Way{Script: nodeHeaders + `import got from "got"
await got(URL, { headers, retry: { limit: 0 } })`},
		Safe: []Way{
			{"`followRedirect: false`", nodeHeaders + `import got from "got"
await got(URL, { headers, retry: { limit: 0 }, followRedirect: false })`},
		},
	},
	{
		Name: "node-fetch", Language: "node", Package: "node-fetch", Version: npmVersion("node-fetch"),
		Header: Way{Script: nodeHeaders + `import fetch from "node-fetch"
await (await fetch(URL, { headers })).text()`},
		Safe: []Way{
			{"`redirect: \"manual\"`", nodeHeaders + `import fetch from "node-fetch"
await (await fetch(URL, { headers, redirect: "manual" })).text()`},
		},
	},
	{
		Name: "superagent", Language: "node", Package: "superagent", Version: npmVersion("superagent"),
		Header: Way{Script: nodeHeaders + `import superagent from "superagent"
await superagent.get(URL).set(headers)`},
		Safe: []Way{
			{"`.redirects(0)`", nodeHeaders + `import superagent from "superagent"
await superagent.get(URL).set(headers).redirects(0)`},
		},
	},
}

const nodeHeaders = `const { URL, TOKEN, KEY } = process.env
const headers = { Authorization: "Bearer " + TOKEN, apikey: KEY }
`

// npmVersion is run in a folder with the modules.
func npmVersion(module string) string {
	return `sed -n 's/^[[:space:]]*"version": "\(.*\)".*/\1/p' node_modules/` + module + "/package.json"
}

var rClients = []Client{
	{
		Name: "R httr2", Language: "r", Package: "r-cran-httr2", Version: rVersion("httr2"),
		Header: Way{Script: httr2("")},
		Safe: []Way{
			{"`unrestricted_auth = 0L`", httr2("unrestricted_auth = 0L")},
			{"`followlocation = FALSE`", httr2("followlocation = FALSE")},
		},
	},
	{
		Name: "R httr", Language: "r", Package: "r-cran-httr", Version: rVersion("httr"),
		Header: Way{Script: httr("")},
		Safe: []Way{
			{"`unrestricted_auth = 0L`", httr("unrestricted_auth = 0L")},
			{"`followlocation = FALSE`", httr("followlocation = FALSE")},
		},
	},
	{
		Name: "R curl", Language: "r", Package: "r-cran-curl", Version: rVersion("curl"),
		Header: Way{Script: rCurl("")},
		Safe: []Way{
			{"`unrestricted_auth = 0L`", rCurl("unrestricted_auth = 0L")},
			{"`followlocation = FALSE`", rCurl("followlocation = FALSE")},
		},
	},
	{
		Name: "R `download.file(headers=)`", Language: "r", Package: "r-base-core",
		Version: rVersion("base"),
		Header: Way{
			Script: rHeaders + `download.file(url, "out", method = "libcurl", quiet = TRUE, headers = headers)`,
		},
	},
	{
		Name: "R `url(headers=)`", Language: "r", Package: "r-base-core",
		Version: rVersion("base"),
		Header:  Way{Script: rHeaders + `readLines(url(url, headers = headers, method = "libcurl"))`},
	},
}

const rHeaders = `url <- Sys.getenv("URL")
headers <- c(Authorization = paste("Bearer", Sys.getenv("TOKEN")), apikey = Sys.getenv("KEY"))
`

func rVersion(pkg string) string {
	return "Rscript --vanilla -e 'cat(format(packageVersion(\"" + pkg + "\")))'"
}

func httr2(options string) string {
	return rHeaders + `library(httr2)
request(url) |> req_headers(!!!headers) |> req_options(` + options + `) |> req_perform()`
}

func httr(options string) string {
	return rHeaders + `library(httr)
GET(url, add_headers(.headers = headers), config(` + options + `))`
}

func rCurl(options string) string {
	return rHeaders + `library(curl)
h <- new_handle(` + options + `)
handle_setheaders(h, .list = as.list(headers))
curl_fetch_memory(url, h)`
}

var otherClients = []Client{
	{
		Name: "Java `HttpClient`, `Redirect.NORMAL`", Language: "java", Package: "default-jdk-headless",
		Version: "java -version 2>&1", Header: Way{Script: javaClient("NORMAL")},
		Safe: []Way{
			{"`Redirect.NEVER`, the default", javaClient("NEVER")},
		},
	},
	{
		Name: "Java `HttpClient`, `Redirect.ALWAYS`", Language: "java", Package: "default-jdk-headless",
		Version: "java -version 2>&1", Header: Way{Script: javaClient("ALWAYS")},
	},
	{
		Name: "Java `HttpURLConnection`", Language: "java", Package: "default-jdk-headless",
		Version: "java -version 2>&1", Header: Way{Script: javaConnection("true")},
		Safe: []Way{
			{"`setInstanceFollowRedirects(false)`", javaConnection("false")},
		},
	},
	{
		Name: "Java OkHttp", Language: "java", Package: "libokhttp-java",
		Version: "ls /usr/share/java/okhttp-[0-9]*.jar", Header: Way{Script: okHTTP("true")},
		Safe: []Way{
			{"`followRedirects(false)`", okHTTP("false")},
		},
	},
	{
		Name: "Perl LWP", Language: "perl", Package: "libwww-perl",
		Version: "perl -MLWP -e 'print $LWP::VERSION'", Header: Way{Script: lwp("")},
		Safe: []Way{
			{"`max_redirect => 0`", lwp("max_redirect => 0")},
		},
	},
	{
		// Debian's 0.080 sent it, until a security update that did not change the number.
		Name: "Perl HTTP::Tiny", Language: "perl", Package: "perl",
		Version: "dpkg-query -W perl || perl -MHTTP::Tiny -e 'print HTTP::Tiny->VERSION'",
		Header:  Way{Script: httpTiny("")},
		Safe: []Way{
			{"`max_redirect => 0`", httpTiny("max_redirect => 0")},
		},
	},
	{
		Name: "Ruby open-uri", Language: "ruby", Package: "ruby", Version: "ruby --version",
		Header: Way{Script: openURI("")},
		Safe: []Way{
			{"`redirect: false`", openURI("redirect: false")},
		},
	},
	{
		Name: "Ruby `Net::HTTP`", Language: "ruby", Package: "ruby", Version: "ruby --version",
		Header: Way{Script: rubyHeaders + `require "net/http"
Net::HTTP.get_response(URI(ENV["URL"]), headers)`},
	},
	{
		Name: "PHP curl, `CURLOPT_FOLLOWLOCATION`", Language: "php", Package: "php-curl",
		Version: "php --version", Header: Way{Script: phpCurl("true")},
		Safe: []Way{
			{"the default", phpCurl("false")},
		},
	},
	{
		Name: "PHP streams", Language: "php", Package: "php-cli", Version: "php --version",
		Header: Way{Script: phpStream("1")},
		Safe: []Way{
			{"`follow_location` 0", phpStream("0")},
		},
	},
	{
		Name: "Go `net/http`", Language: "go", Package: "golang", Version: "go version",
		Header: Way{Script: goClient("")},
		Safe: []Way{
			{"`CheckRedirect`", goClient(`
	stop := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	http.DefaultClient.CheckRedirect = stop`)},
		},
	},
}

func javaClient(redirect string) string {
	return `import java.net.URI;
import java.net.http.*;

class Client {
    public static void main(String[] args) throws Exception {
        HttpClient client = HttpClient.newBuilder().followRedirects(HttpClient.Redirect.` + redirect + `).build();
        HttpRequest request = HttpRequest.newBuilder(URI.create(System.getenv("URL")))
            .header("Authorization", "Bearer " + System.getenv("TOKEN")).header("apikey", System.getenv("KEY")).build();
        client.send(request, HttpResponse.BodyHandlers.ofString());
    }
}
`
}

func javaConnection(follow string) string {
	return `import java.net.*;

class Client {
    public static void main(String[] args) throws Exception {
        HttpURLConnection c = (HttpURLConnection) new URL(System.getenv("URL")).openConnection();
        c.setInstanceFollowRedirects(` + follow + `);
        c.setRequestProperty("Authorization", "Bearer " + System.getenv("TOKEN"));
        c.setRequestProperty("apikey", System.getenv("KEY"));
        c.getInputStream().readAllBytes();
    }
}
`
}

func okHTTP(follow string) string {
	return `import okhttp3.*;

class Client {
    public static void main(String[] args) throws Exception {
        OkHttpClient client = new OkHttpClient.Builder().followRedirects(` + follow + `).build();
        Request request = new Request.Builder().url(System.getenv("URL"))
            .header("Authorization", "Bearer " + System.getenv("TOKEN")).header("apikey", System.getenv("KEY")).build();
        client.newCall(request).execute().body().string();
        System.exit(0);
    }
}
`
}

func lwp(option string) string {
	return `use LWP::UserAgent;
my $agent = LWP::UserAgent->new(` + option + `);
$agent->get($ENV{URL}, Authorization => "Bearer $ENV{TOKEN}", apikey => $ENV{KEY});
`
}

func httpTiny(option string) string {
	return `use HTTP::Tiny;
my $headers = { Authorization => "Bearer $ENV{TOKEN}", apikey => $ENV{KEY} };
HTTP::Tiny->new(` + option + `)->get($ENV{URL}, { headers => $headers });
`
}

const rubyHeaders = `headers = { "Authorization" => "Bearer " + ENV["TOKEN"], "apikey" => ENV["KEY"] }
`

func openURI(option string) string {
	return rubyHeaders + `require "open-uri"
URI.open(ENV["URL"], headers.merge({` + option + `})).read`
}

const phpHeaders = `<?php
$headers = ["Authorization: Bearer " . getenv("TOKEN"), "apikey: " . getenv("KEY")];
`

func phpCurl(follow string) string {
	return phpHeaders + `$c = curl_init(getenv("URL"));
curl_setopt_array($c, [CURLOPT_HTTPHEADER => $headers, CURLOPT_FOLLOWLOCATION => ` + follow + `]);
curl_exec($c);
`
}

func phpStream(follow string) string {
	return phpHeaders + `$options = ["header" => $headers, "follow_location" => ` + follow + `];
$context = stream_context_create(["http" => $options]);
file_get_contents(getenv("URL"), false, $context);
`
}

func goClient(setting string) string {
	return `package main

import (
	"net/http"
	"os"
)

func main() {
	` + setting + `
	req, err := http.NewRequest("GET", os.Getenv("URL"), nil)
	if err != nil {
		panic(err)
	}
	req.Header.Set("Authorization", "Bearer "+os.Getenv("TOKEN"))
	req.Header.Set("apikey", os.Getenv("KEY"))
	if _, err := http.DefaultClient.Do(req); err != nil {
		panic(err)
	}
}
`
}

// The page asks its server what a line means, and igv.js to draw it. Every URL that the server answers is relative to the
// page's: the page's own address, with its secret, is never in what it sends or shows.

const byID = (id) => document.getElementById(id);
const whole = (path) => new URL(path, document.baseURI).href;

// urls makes an object's relative URLs whole: igv.js looks at the host of each.
function urls(object) {
  const out = { ...object };
  for (const key of ['url', 'indexURL', 'fastaURL', 'compressedIndexURL', 'twoBitURL']) {
    if (out[key]) out[key] = whole(out[key]);
  }
  return out;
}

function say(text, wrong = false) {
  byID('status').textContent = text;
  byID('status').className = wrong ? 'wrong' : '';
}

function fail(what, error) {
  const text = String((error && error.message) || error);
  say(what + ': ' + text.replaceAll(whole('../../'), '/'), true);
}

// ask sends a line, and returns what it means.
async function ask(path, line) {
  const answer = await fetch(path, { method: 'POST', body: line, headers: { 'Content-Type': 'text/plain' } });
  const means = await answer.json();
  if (!answer.ok) throw new Error(means.error + (means.hint ? ' (' + means.hint + ')' : ''));
  return means;
}

async function library(module) {
  if (module) return (await import('./igv.js')).default;
  await new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = 'igv.js';
    script.onload = resolve;
    script.onerror = () => reject(new Error('it can\'t be read'));
    document.head.append(script);
  });
  return window.igv;
}

// onLine calls a function with each line that is entered in a form.
function onLine(id, what, use) {
  const form = byID(id);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const input = form.querySelector('input');
    const button = form.querySelector('button');
    button.disabled = true;
    try {
      await use(input.value);
      input.value = '';
    } catch (error) {
      fail(what, error);
    } finally {
      button.disabled = false;
    }
  });
  return form;
}

async function draw(browser, track) {
  say('Opening ' + track.name + '.');
  await browser.loadTrack(urls(track));
  say(track.name + ' is open.');
}

async function start() {
  const settings = await (await fetch('settings')).json();
  const igv = await library(settings.module);
  byID('url').placeholder = settings.example;
  byID('sequence').placeholder = settings.example.replace(/[^/]*$/, 'genome.fa');

  const open = async (genome) => {
    const options = { loadDefaultGenomes: Boolean(genome.known) };
    if (genome.known) options.genome = genome.id;
    else options.reference = urls(genome);
    if (settings.locus) options.locus = settings.locus;
    const browser = await igv.createBrowser(byID('igv'), options);
    onLine('track', 'This is not drawn', async (line) => draw(browser, await ask('track', line))).hidden = false;
    byID('genome').hidden = true;
    say('Give the URL of a file at ' + settings.host + '.');
    for (const track of settings.tracks) {
      try {
        await draw(browser, track);
      } catch (error) {
        fail(track.name + ' is not drawn', error);
      }
    }
    document.documentElement.dataset.ready = 'true';
  };
  if (settings.genome) {
    await open(settings.genome);
    return;
  }
  say('Give the URL of a FASTA file at ' + settings.host + ', or start the server again with --reference.');
  onLine('genome', 'This is no reference', async (line) => open(await ask('genome', line))).hidden = false;
}

start().catch((error) => fail('igv.js can\'t start', error));

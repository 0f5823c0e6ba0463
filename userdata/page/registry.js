// The registry's API, and what the host keeps beside it.

const TYPES = [
  "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");
const AT_ONCE = 6;
// The registry looks through S3 for each name, so the first page is small.
const FIRST = "/v2/_catalog?n=30", PAGE = 1000;
const NAME = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const REFERENCE = /^(?:\w[\w.-]{0,127}|sha256:[0-9a-f]{64})$/;
// Manifests by digest never change.
const known = new Map();
const KNOWN_AT_MOST = 5000;

export const host = location.host;

/** The registry's refusal, with its reason in words. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

let running = 0;
const waiting = [];

async function turn(signal) {
  if (running >= AT_ONCE) await new Promise((resolve) => { waiting.push(resolve); });
  running += 1;
  try {
    signal?.throwIfAborted();
  } catch (error) {
    done();
    throw error;
  }
}

function done() {
  running -= 1;
  waiting.shift()?.();
}

/** Send one request, and again after a second while too many lists are asked for. Throws Refused. */
async function ask(path, { signal, method = "GET", accept = "*/*" } = {}) {
  await turn(signal);
  try {
    for (let tries = 0; ; tries += 1) {
      const answer = await fetch(path, { method, signal, headers: { Accept: accept }, cache: "no-store" }).catch((error) => {
        if (signal?.aborted) throw error;
        throw new Refused(0, "The registry does not answer. Look at your connection, then load the page again.");
      });
      if (answer.status === 429 && tries < 20) {
        await new Promise((resolve) => { setTimeout(resolve, 1000); });
        continue;
      }
      if (answer.status === 401) document.dispatchEvent(new Event("signed-out"));
      if (!answer.ok) throw new Refused(answer.status, await reason(answer));
      return answer;
    }
  } finally {
    done();
  }
}

async function reason(answer) {
  if (answer.status === 401) return "Your login is not valid any more.";
  try {
    const [error] = (await answer.json()).errors;
    return `The registry says: ${error.message} (${answer.status})`;
  } catch {
    return `The registry answered with status ${answer.status}.`;
  }
}

// Names in links and references in manifests are anybody's: none may lead to another address.
function checked(name, reference = "latest") {
  if (!NAME.test(name) || !REFERENCE.test(reference)) throw new Refused(404, "There is no such image.");
  return name;
}

const manifestOf = (name, reference) => `/v2/${checked(name, reference)}/manifests/${reference}`;

async function orNothing(promise) {
  try {
    return await (await promise).json();
  } catch (error) {
    if (error instanceof Refused && error.status === 404 || error instanceof SyntaxError) return null;
    throw error;
  }
}

export const me = async () => (await ask("/page/me.json")).json();
/** The health check's last word, or null. */
export const health = () => orNothing(ask("/page/registry.json"));
/** Pushes and pulls by tag, or null. */
export const usage = async (name, signal) => orNothing(ask(`/page/usage/${checked(name)}/_.json`, { signal }));

/** All repositories, page by page. */
export async function* repositories(signal) {
  let path = FIRST;
  while (path) {
    const answer = await ask(path, { signal });
    yield (await answer.json()).repositories ?? [];
    path = nextPage(answer);
  }
}

export async function tags(name, signal) {
  const found = [];
  let path = `/v2/${checked(name)}/tags/list`;
  while (path) {
    const answer = await ask(path, { signal });
    found.push(...((await answer.json()).tags ?? []));
    path = nextPage(answer);
  }
  return found;
}

function nextPage(answer) {
  const found = /<([^>]*)>\s*;\s*rel="?next/.exec(answer.headers.get("Link") ?? "");
  if (!found) return null;
  const next = new URL(found[1], location.origin);
  if (next.searchParams.has("n")) next.searchParams.set("n", PAGE);
  return next.pathname + next.search;
}

/** A manifest with its digest, by tag or digest. */
export async function manifest(name, reference, signal) {
  const key = `${name}@${reference}`;
  if (known.has(key)) return known.get(key);
  const answer = await ask(manifestOf(name, reference), { signal, accept: TYPES });
  const text = await answer.text();
  const document = JSON.parse(text);
  const digest = answer.headers.get("Docker-Content-Digest") ?? reference;
  const found = { digest, document, size: text.length, type: document.mediaType ?? answer.headers.get("Content-Type") ?? "" };
  if (known.size >= KNOWN_AT_MOST) known.clear();
  known.set(`${name}@${digest}`, found);
  return found;
}

export async function digestOf(name, tag, signal) {
  const answer = await ask(manifestOf(name, tag), { signal, method: "HEAD", accept: TYPES });
  return answer.headers.get("Docker-Content-Digest");
}

/** An image's configuration, or null for one that is no JSON, or larger than a megabyte. */
export const configuration = async (name, digest, signal) =>
  orNothing(ask(`/page/configuration/${checked(name, digest)}/${digest}`, { signal }));

/** Descriptors of what is attached to a manifest. */
export async function referrers(name, digest, signal) {
  return (await orNothing(ask(`/v2/${checked(name, digest)}/referrers/${digest}`, { signal })))?.manifests ?? [];
}

/** Delete a tag alone, or a manifest with all its tags. */
export async function remove(name, reference) {
  await ask(manifestOf(name, reference), { method: "DELETE" });
  known.delete(`${name}@${reference}`);
}

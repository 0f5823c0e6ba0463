// The page: which part the address asks for, who looks at it, and how the registry is.

import { element, failure, foreign, link } from "./elements.js";
import { health, host, me } from "./registry.js";
import { showRepositories } from "./repositories.js";
import { showRepository } from "./repository.js";
import { showTag } from "./tag.js";
import { time } from "./words.js";

// #/NAME, #/NAME:TAG or #/NAME@DIGEST
const ADDRESS = /^#\/([^:@]+)(?:[:@](.+))?$/;
// A login that was taken away shows nothing for longer than a minute.
const LOOK_EVERY_MILLISECONDS = 30_000;

const main = document.getElementById("main");
let leave = new AbortController();
let user;

async function show(focus) {
  leave.abort();
  leave = new AbortController();
  const [, name, reference] = ADDRESS.exec(location.hash) ?? [];
  document.title = name ? `${name}${reference ? ` ${reference}` : ""} - ${host}` : host;
  if (focus) {
    main.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
  if (!name) await showRepositories(main, leave.signal);
  else if (!reference) await showRepository(main, leave.signal, name);
  else await showTag(main, leave.signal, { name, reference, mayPush: (await user).may_push });
}

async function showUser() {
  try {
    const { user: name, may_push: mayPush } = await user;
    document.getElementById("user").replaceChildren(foreign(name), mayPush ? " may push" : " may pull");
  } catch {
    // The part below says it.
  }
}

async function showHealth() {
  const place = document.getElementById("health");
  const state = await health().catch(() => null);
  if (!state) return;
  const words = { OK: "well", "AT RISK": "at risk", DOWN: "down" }[state.health] ?? "not checked yet";
  const part = (about, at) => (time(at) ? element("span", {}, about, time(at)) : "");
  const runbook = /^https:\/\//.test(state.runbook ?? "") ? link(state.runbook, "runbook") : element("span", {}, "see docs/runbook.md");
  place.className = state.health === "OK" ? "well" : "ill";
  place.replaceChildren(element("span", {}, `Registry: ${words}`), state.reason && state.health !== "OK" ? foreign(state.reason) : "", part("checked ", state.checked_at), part("certificate ends ", state.certificate_expires), part("renewed ", state.renewed_at), runbook);
}

function signedOut() {
  leave.abort();
  document.querySelector("dialog")?.close();
  document.getElementById("user").replaceChildren();
  document.getElementById("health").replaceChildren();
  main.replaceChildren(element("h1", {}, "You are not logged in"), element("p", {}, "Your login is not valid any more. Load the page again to log in."));
}

async function lookAgain() {
  if (document.visibilityState !== "visible") return;
  const now = me();
  // A failure is no news about the login, except for 401, which registry.js tells.
  await now.then(() => { user = now; showUser(); }, () => {});
}

document.getElementById("name").textContent = host;
document.addEventListener("signed-out", signedOut);
document.querySelector(".skip").addEventListener("click", (event) => {
  // The part after # says which view is shown.
  event.preventDefault();
  main.focus();
});
document.addEventListener("visibilitychange", lookAgain);
addEventListener("hashchange", () => show(true));
setInterval(lookAgain, LOOK_EVERY_MILLISECONDS);
user = me();
user.catch((error) => main.append(failure(error)));
showUser();
showHealth();
show(false);

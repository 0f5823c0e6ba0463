// Elements of the page. Text is always text: no data is ever read as markup.

const SHOWN = 240;

/** An element with these properties and children. A text among the children becomes a text node. */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

/** Text that somebody else chose. Its direction ends with it, and signs that nobody would see are shown as their code.
 * A long text is behind a button. */
export function foreign(text) {
  const shown = visible(String(text));
  if (shown.length <= SHOWN) return element("bdi", { className: "foreign" }, shown);
  const whole = element("pre", { className: "foreign", dir: "auto", tabIndex: 0, role: "region", ariaLabel: "whole text" });
  const summary = element("summary", {}, element("bdi", {}, `${shown.slice(0, 80)}…`), ` (${shown.length.toLocaleString("en")} characters)`);
  const details = element("details", { className: "long" }, summary, whole);
  details.addEventListener("toggle", () => { whole.textContent = shown; }, { once: true });
  return details;
}

function visible(text) {
  // Control characters but for line breaks and tabs, and what changes a text's direction or has no width.
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (sign) => `⟨U+${sign.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
}

/** Terms and their descriptions. Rows without a description are left out. */
export function facts(rows) {
  const filled = rows.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return element("dl", {}, filled.map(([term, value]) => element("div", {}, element("dt", {}, term), element("dd", {}, value))));
}

export function section(heading, ...children) {
  return element("section", {}, element("h2", {}, heading), ...children);
}

/** A line to copy, with its button. */
export function line(about, text) {
  const button = element("button", { type: "button", ariaLabel: `Copy: ${about}` }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      tell(`Copied: ${about}`);
    } catch {
      tell("The browser does not let this page copy. Select the line and copy it.");
    }
  });
  return element("div", { className: "line" }, element("code", { tabIndex: 0, role: "region", ariaLabel: about }, text), button);
}

/** Say it to everybody, with eyes or with a screen reader. */
export function tell(text) {
  document.getElementById("news").textContent = text;
}

export function failure(error) {
  return element("p", { className: "failure", role: "alert" }, error.message);
}

export function link(address, ...children) {
  return element("a", { href: address }, ...children);
}

// A list of any length: rows are made as the reader comes near the end of those that are there.

import { element } from "./elements.js";

const CHUNK = 100;

/** `makeRow(item)` returns a list item; `whenSeen(row, item)` is called once, when the row is first seen. */
export function growingList(label, makeRow, whenSeen = () => {}) {
  const rows = element("ul", { className: "rows", ariaLabel: label });
  const more = element("button", { type: "button", className: "more", hidden: true }, "Show more");
  const itemOf = new WeakMap();
  let items = [], shown = 0;

  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      whenSeen(target, itemOf.get(target));
    }
  }, { rootMargin: "100px" });
  const end = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) grow();
  }, { rootMargin: "600px" });

  function grow() {
    const next = items.slice(shown, shown + CHUNK);
    for (const item of next) {
      const row = makeRow(item);
      itemOf.set(row, item);
      rows.append(row);
      seen.observe(row);
    }
    shown += next.length;
    more.hidden = shown >= items.length;
    // Again, if the end is still near.
    end.unobserve(more);
    if (!more.hidden) end.observe(more);
  }

  more.addEventListener("click", grow);
  return {
    element: element("div", {}, rows, more),
    /** Other items from the beginning. */
    show(others) {
      items = others;
      shown = 0;
      rows.replaceChildren();
      grow();
    },
    /** The same items and some behind them. */
    extend(all) {
      items = all;
      if (shown < CHUNK) grow();
      else if (more.hidden) { more.hidden = false; end.observe(more); }
    },
  };
}

/** A search field; `found(text)` is called with what the reader has typed so far. */
export function searchField(label, found) {
  const input = element("input", { type: "search", id: "search", autocomplete: "off", spellcheck: false });
  input.setAttribute("autocapitalize", "none");
  input.addEventListener("input", () => found(input.value.trim().toLowerCase()));
  return element("p", { className: "search", role: "search" }, element("label", { htmlFor: "search" }, label), input);
}

// Numbers and times in words.

const UNITS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60]];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const absolute = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

export function bytes(count) {
  if (!Number.isFinite(count)) return "unknown size";
  const names = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  for (; count >= 1000 && at < names.length - 1; at += 1) count /= 1000;
  return `${count.toFixed(at && count < 100 ? 1 : 0)} ${names[at]}`;
}

export function number(count, noun, plural = `${noun}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? noun : plural}`;
}

/** A time element such as "3 days ago", or null for what is no time. */
export function time(text, now = Date.now()) {
  const date = new Date(text ?? NaN);
  // Reproducible builds date their images at 0, or at another time long ago.
  if (Number.isNaN(date.getTime()) || date.getTime() < 86400000) return null;
  const seconds = (date.getTime() - now) / 1000;
  const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  const made = document.createElement("time");
  made.dateTime = date.toISOString();
  made.title = absolute.format(date);
  made.textContent = unit === "second" ? "just now" : relative.format(Math.round(seconds / length), unit);
  return made;
}

/** sha256: and the first twelve digits. */
export function short(digest) {
  return digest.slice(0, 19);
}

/** Names in their usual order: 1.9 before 1.10. */
export const byName = new Intl.Collator("en", { numeric: true }).compare;

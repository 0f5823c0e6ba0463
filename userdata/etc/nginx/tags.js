// Keeps cached tags exact: docs/front-door.md, "Tags", has the argument. A number for each repository is in the key of
// its cached tags: generation * 65536 + changes under way. So one lookup reads both, and one addition changes both.
import fs from 'fs';
import manifests from 'manifests.js';

const oneGeneration = 65536;
// Repositories share numbers: no count of repositories fills the dictionary (nginx.conf), so nothing is ever evicted.
const numbers = 16381;
// Longer than any change takes. One that is older was left by a worker that died.
const longestChangeSeconds = 1200;
const unclearSeconds = 60, unclearAfterStartSeconds = 5;
const tags = () => ngx.shared && ngx.shared.tags;
// No entry ends by the clock: when that jumps ahead, changes are still under way.
const uptimeSeconds = () => parseFloat(fs.readFileSync('/proc/uptime', 'utf8'));

// Empty while it is not known what the registry would answer next: nginx then asks it and keeps nothing. So it is always
// where njs has no shared dictionaries.
function generation(r) {
    if (!tags()) {
        return '';
    }
    const key = keyOf(r);
    const number = numberOf(key);
    const underWay = number % oneGeneration;
    if (underWay) {
        endForgotten(key, underWay);
    }
    // In this order: a change of unknown outcome is marked before it ends.
    return underWay || isUnclear(key) ? '' : String(number);
}

function numberOf(key) {
    return tags().get(key) || newNumber(key);
}

function newNumber(key) {
    const unclear = ngx.shared.unclear, now = uptimeSeconds();
    unclear.add('nginx', now);
    // nginx may have been killed while the registry worked on a change.
    if (now - unclear.get('nginx') < unclearAfterStartSeconds) {
        unclear.add(key, now + unclearAfterStartSeconds);
    }
    tags().add(key, unused());
    return tags().get(key);
}

// Of several workers that see it, the one that deletes the time does it.
function endForgotten(key, underWay) {
    const begun = ngx.shared.begun, now = uptimeSeconds();
    begun.add(key, now);
    if (now - begun.get(key) > longestChangeSeconds && begun.delete(key)) {
        tags().incr(key, oneGeneration - underWay);
    }
}

function isUnclear(key) {
    const until = ngx.shared.unclear.get(key);
    return until !== undefined && uptimeSeconds() < until;
}

// nginx calls it for proxy_method when it has the client's whole request, right before it asks the registry. If this
// fails, the request has no method, and the registry refuses it.
function begin(r) {
    if (!tags()) {
        return r.method;
    }
    const key = keyOf(r);
    // incr() alone would begin with 0, which a restart would repeat.
    numberOf(key);
    ngx.shared.begun.set(key, uptimeSeconds());
    tags().incr(key, 1);
    return r.method;
}

// A header filter: it runs when the registry has answered, or could not, and before the client is told.
function end(r) {
    // It is the filter of all requests that fail, and of all that referrers.js makes for the push of a manifest.
    if (r.variables.way === 'delete') {
        manifests.forget(r);
        // Begins the change now, if the request failed before.
        r.variables.begun_method;
    } else if (!(r.parent && r.method === 'PUT')) {
        return;
    }
    if (!tags()) {
        return;
    }
    const key = keyOf(r);
    // S3 may still do what the registry asked for and no longer waits for.
    if (r.status >= 500) {
        ngx.shared.unclear.set(key, uptimeSeconds() + unclearSeconds);
    }
    tags().incr(key, oneGeneration - 1);
}

// Of so many that one of before never returns, whatever the clock says: 36 bits, and room for as many changes.
function unused() {
    const random = crypto.getRandomValues(new Uint32Array(2));
    return (random[0] + (random[1] % 16) * 4294967296) * oneGeneration;
}

function keyOf(r) {
    const name = r.variables.name;
    let hash = 0;
    for (let i = 0; i < name.length; i++) {
        hash = (hash * 31 + name.charCodeAt(i)) % numbers;
    }
    return String(hash);
}

export default {generation, begin, end};

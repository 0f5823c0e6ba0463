// Keeps cached tags exact (docs/front-door.md, "Tags"): a number for each repository is in the key of its cached tags.
// Number = generation * 65536 + changes under way. One lookup reads both, and one addition changes both.
import manifests from 'manifests.js';

const changesUnderWay = 65536;
// Repositories share numbers: no count of repositories fills the dictionary (nginx.conf), so nothing is ever evicted.
const numbers = 16381;
const minutes = 60000;
// The longest time between two changes under way of which nginx may have missed an end, because a worker died.
const forgotten = 20 * minutes;
const year = 365 * 24 * 60 * minutes;

// For the key. Empty while it is not known what the registry would answer next: nginx then asks it and keeps nothing.
function generation(r) {
    const key = keyOf(r);
    const number = ngx.shared.tags.get(key) || begin(key);
    // In this order: a change marks its key here before it ends there.
    return number % changesUnderWay || ngx.shared.unclear.has(key) ? '' : String(number);
}

function begin(key) {
    // nginx may have died while the registry worked on a change.
    ngx.shared.unclear.add('nginx', Date.now(), year);
    if (Math.abs(Date.now() - ngx.shared.unclear.get('nginx')) < 5000) {
        ngx.shared.unclear.set(key, 1, 5000);
    }
    ngx.shared.tags.add(key, unused(), forgotten);
    return ngx.shared.tags.get(key);
}

// For proxy_method: nginx looks it up when it has the client's whole request, right before it asks the registry. If
// this fails, the request has no method, and the registry refuses it.
function change(r) {
    ngx.shared.tags.incr(keyOf(r), 1, unused(), forgotten);
    return r.method;
}

// A header filter: it runs when the registry has answered, or could not, and before the client is told.
function changed(r) {
    // Also a filter of all other requests that fail.
    if (r.variables.way !== 'change') {
        return;
    }
    if (r.method === 'DELETE') {
        manifests.forget(r);
    }
    const key = keyOf(r);
    // S3 may still do what the registry asked for and no longer waits for.
    if (r.status >= 500) {
        ngx.shared.unclear.set(key, 1);
    }
    // Begins the change, if the request failed before.
    r.variables.changing_method;
    ngx.shared.tags.incr(key, changesUnderWay - 1, unused() + 1, forgotten);
}

// So many different numbers that a forgotten one never returns, whatever the clock says.
function unused() {
    const random = crypto.getRandomValues(new Uint32Array(2));
    return (random[0] + (random[1] % 32) * 4294967296) * changesUnderWay;
}

function keyOf(r) {
    const name = r.variables.name;
    let hash = 0;
    for (let i = 0; i < name.length; i++) {
        hash = (hash * 31 + name.charCodeAt(i)) % numbers;
    }
    return String(hash);
}

export default {generation, change, changed};

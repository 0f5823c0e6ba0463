// One request asks the server behind, and the others of the same moment wait here for its answer. nginx's proxy_cache_lock
// does this too, but looks again after 500 ms only (ngx_http_file_cache.c), and not for answers that have expired.
import crypto from 'crypto';

const LOOK_MS = 10, PATIENCE_MS = 1000;
// nginx stores an answer right after its header.
const STORED_MS = 5;

// For auth_request. It never refuses: nginx's lock is behind it, for an answer that takes longer.
async function wait(r) {
    const gates = ngx.shared && ngx.shared.gates, key = keyOf(r);
    if (gates && gates.add(key, 1)) {
        r.variables.gate = key;
    } else if (gates) {
        for (let waited = 0; gates.has(key) && waited < PATIENCE_MS; waited += LOOK_MS) {
            await new Promise((done) => setTimeout(done, LOOK_MS));
        }
    }
    r.return(204);
}

// A header filter, of the request that asked.
function open(r) {
    if (r.variables.gate) {
        ngx.shared.gates.set(r.variables.gate, 1, STORED_MS);
    }
}

// A login is no text to keep in memory.
function keyOf(r) {
    const headers = r.headersIn;
    const asked = [r.variables.request_uri, headers.Authorization, headers['X-Generation'], headers.Accept];
    return crypto.createHash('md5').update(asked.join('\n')).digest('base64');
}

export default {wait, open};

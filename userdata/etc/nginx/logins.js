// The number under which nginx keeps the answers of the login check (nginx.conf). sync-users raises it, and nginx asks
// the login check again. It is never one that was used before: it begins with the clock when nginx starts.
const number = () => ngx.shared.generation;

function generation() {
    return String(number().get('now') || number().incr('now', 1, Date.now()));
}

function forget(r) {
    number().incr('now', 1, Date.now());
    r.return(204);
}

export default {generation, forget};

// The number under which nginx keeps the answers of the login check (door/inner.conf). sync-users raises it, and nginx
// asks the login check again. It is never one that was used before: it begins with the clock when nginx starts. Where njs
// has no shared dictionaries, the number is the second, so nothing outlives it.
const number = () => ngx.shared && ngx.shared.generation;

function generation() {
    if (!number()) {
        return String(Math.floor(Date.now() / 1000));
    }
    return String(number().get('now') || number().incr('now', 1, Date.now()));
}

function forget(r) {
    if (!number()) {
        setTimeout(() => r.return(204), 1000);
        return;
    }
    number().incr('now', 1, Date.now());
    r.return(204);
}

export default {generation, forget};

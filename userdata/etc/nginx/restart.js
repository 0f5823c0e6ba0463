// Ends when the registry answers: then the request that waits for it goes on (door/restart.conf).
const REGISTRY = 'http://127.0.0.1:5000/', LOOK_EVERY_MS = 200, PATIENCE_MS = 5000;

async function wait(r) {
    const began = Date.now();
    while (!await answers()) {
        if (Math.abs(Date.now() - began) > PATIENCE_MS) {
            r.return(403);
            return;
        }
        await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
    }
    r.return(204);
}

async function answers() {
    try {
        await ngx.fetch(REGISTRY, {method: 'HEAD'});
        return true;
    } catch (error) {
        return false;
    }
}

export default {wait};

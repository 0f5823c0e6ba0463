// Loaded into the `cdk` command line. It looks every five seconds whether a stack has settled (waitFor() in
// aws-cdk/lib/index.js, without an option): for a real stack's minutes, not for the tenths of a second of this one's.
globalThis.setTimeout = new Proxy(globalThis.setTimeout, {
  apply(target, self, [run, milliseconds, ...rest]) {
    const waits = milliseconds === 5000 && new Error().stack.includes("at waitFor ");
    return Reflect.apply(target, self, [run, waits ? 200 : milliseconds, ...rest]);
  },
});

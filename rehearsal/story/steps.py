"""The steps of the story in their order: what a person does with the product, one thing after the other."""

from rehearsal.story import advice, deploying, front_door, images, on_host, operating, restoring, users
from rehearsal.story.security import hardening
from rehearsal.story.step import Step

SET_UP = (Step("cdk bootstrap", deploying.bootstrap), Step("cdk deploy --all", deploying.deploy))
# Nobody waits alone for what takes long: client and operator go on meanwhile, as they would.
STEPS = (
    SET_UP[0],
    Step("the doctor, before the deployment", advice.nothing_fails),
    SET_UP[1],
    Step("the certificate", front_door.certificate),
    Step("the first login, as the stack's output says", front_door.first_login),
    Step("push", images.push),
    Step("pull by tag", images.pull_by_tag),
    Step("pull by digest", images.pull_by_digest),
    Step("docker manifest inspect", images.docker_manifest),
    Step("a second client", images.second_client),
    Step("the catalog, from a client", images.catalog_from_client),
    Step("the catalog, on the server", on_host.catalog_on_host),
    Step(
        "who pushed and pulled", on_host.usage, meanwhile=(Step("every host script once more", on_host.scripts_again),)
    ),
    Step(
        "the doctor, once the registry runs",
        advice.nothing_fails,
        meanwhile=(
            Step("a wrong password", users.wrong_password),
            Step("a user who may only pull", users.pull_only_user),
            Step("layers come straight from S3", images.redirect),
            Step("the page at the registry's address", images.page),
        ),
    ),
    Step("the alerts' subscription is confirmed", operating.confirm),
    Step(
        "the user is revoked",
        users.revoked_user,
        meanwhile=(
            Step("a health check", operating.health),
            Step("docker on the server, through localhost:5000", on_host.docker_on_host),
        ),
    ),
    Step(
        "the monthly renewal", operating.renewal, meanwhile=(Step("a 200 MB layer there and back", images.large_layer),)
    ),
    Step("a stopped registry container is repaired", operating.repair),
    Step(
        "a deployment that cannot work",
        deploying.broken_deploy,
        meanwhile=(
            Step("the restore drill", restoring.drill),
            Step("the ports that are open on the host", hardening.listeners),
            Step("no secret in a wrong place", hardening.secrets),
            Step("TLS as Mozilla advises", hardening.tls),
            Step("the headers of answers", hardening.headers),
        ),
    ),
    Step(
        "the next host after the roll-back",
        deploying.host_after_roll_back,
        meanwhile=(Step("cdk deploy again, nothing changed", deploying.deploy_again),),
    ),
    Step("an update rolls the host", deploying.update),
    Step("cdk destroy --all", deploying.destroy),
)
EVERY = tuple(each for step in STEPS for each in (step, *step.meanwhile))

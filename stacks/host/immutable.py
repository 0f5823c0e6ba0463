"""A launch template that never changes: other content makes another template.

CloudFormation changes a launch template by a new version. A roll-back makes one more, or leaves the failed one as the
newest, so the group would replace a healthy host, or start its next host from the failed version. A template of its own
for each content is made before the group changes, and the roll-back returns to the template before.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-launchtemplate.html
"""

import hashlib
import json
from typing import cast

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2

_DIGITS = 16


def name_by_content(template: ec2.LaunchTemplate) -> None:
    """Put a hash of the content into the template's logical id. Its content must be complete."""
    resource = cast(ec2.CfnLaunchTemplate, template.node.default_child)
    stack = Stack.of(template)
    content = json.dumps(stack.resolve(resource.launch_template_data), sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()[:_DIGITS]
    resource.override_logical_id(f"{stack.get_logical_id(resource)}{digest}")

"""Holds compose files and Kubernetes manifests against the published schemas, and says as JSON which
variables they give a server. Arguments: the schema of compose files, then files and folders."""

import json
import sys
from pathlib import Path

import jsonschema
import kubernetes_validate
import yaml

KUBERNETES = "1.37"
RESTRICTED = "pod-security.kubernetes.io/enforce"


def compose(path, schema):
    document = yaml.safe_load(path.read_text())
    jsonschema.validate(document, schema)
    for name, service in document["services"].items():
        for other in service.get("depends_on", {}):
            assert other in document["services"], f"{path}: {name} depends on {other}"
        for network in service.get("networks", []):
            known = network == "default" or network in document["networks"]
            assert known, f"{path}: {name} is in {network}"
        assert service["cap_drop"] == ["ALL"] and service["read_only"], f"{path}: {name}"
        if service.get("image") == "waxseal":
            yield service["environment"]


def kubernetes(folder):
    top = yaml.safe_load((folder / "kustomization.yaml").read_text())
    present = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
    listed = set(top["resources"])
    assert present - listed == {"ingress.yaml"} and listed <= present, (present, listed)
    documents = [yaml.safe_load((folder / name).read_text()) for name in sorted(present)]
    for document in documents:
        kubernetes_validate.validate(document, KUBERNETES, strict=True)
    of = {document["kind"]: document for document in documents}
    assert of["Namespace"]["metadata"]["labels"][RESTRICTED] == "restricted"
    template = of["Deployment"]["spec"]["template"]
    labels, pod = template["metadata"]["labels"], template["spec"]
    (container,) = pod["containers"]
    # What the policy `restricted` asks for.
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    # All mean the same pods, and the same port.
    selectors = [
        of["Deployment"]["spec"]["selector"]["matchLabels"],
        of["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        of["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        of["Service"]["spec"]["selector"],
    ]
    assert all(selector == labels for selector in selectors), selectors
    (port,) = container["ports"]
    assert of["Service"]["spec"]["ports"][0]["targetPort"] == port["name"]
    (config,) = [source["configMapRef"] for source in container["envFrom"] if "configMapRef" in source]
    assert config["name"] == of["ConfigMap"]["metadata"]["name"]
    settings = of["ConfigMap"]["data"]
    assert settings["WAXSEAL_LISTEN"].endswith(f":{port['containerPort']}")
    # The address has a password: it comes with a secret of the administrator's.
    return settings | {"WAXSEAL_STORE": "rediss+cluster://:secret@redis.redis.svc:6379"}


def main():
    schema = json.loads(Path(sys.argv[1]).read_text())
    servers = []
    for path in map(Path, sys.argv[2:]):
        servers += [kubernetes(path)] if path.is_dir() else compose(path, schema)
    print(json.dumps(servers))


main()

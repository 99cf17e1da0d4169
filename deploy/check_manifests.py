"""Checks deploy/kubernetes and deploy/kserve: Kubernetes' own schemas where it has one, what a
container must have everywhere, and that names which refer to each other agree."""

import glob
import sys

import kubernetes_validate
import yaml

KUBERNETES_VERSION = "1.31"
# Kinds of custom resources, which Kubernetes has no schema for.
CUSTOM = {"Kustomization", "ServiceMonitor", "ServingRuntime", "InferenceService"}
problems = []
documents = {}


def containers(document):
    kind, spec = document["kind"], document.get("spec", {})
    if kind == "Deployment":
        return spec["template"]["spec"]["containers"]
    return spec["containers"] if kind == "ServingRuntime" else []


def check_container(container, where):
    security = container["securityContext"]
    for name, wanted in (("allowPrivilegeEscalation", False), ("readOnlyRootFilesystem", True)):
        if security.get(name) is not wanted:
            problems.append(f"{where}: {name} is not {wanted}")
    if security["capabilities"]["drop"] != ["ALL"]:
        problems.append(f"{where}: keeps capabilities")
    ports = {port["containerPort"] for port in container["ports"]} | {p["name"] for p in container["ports"]}
    for probe, path in (("startupProbe", "/readyz"), ("readinessProbe", "/readyz"), ("livenessProbe", "/livez")):
        get = container[probe]["httpGet"]
        if get["path"] != path or get["port"] not in ports:
            problems.append(f"{where}: {probe} asks {get}")
    for kind in ("requests", "limits"):
        if set(container["resources"][kind]) != {"cpu", "memory"}:
            problems.append(f"{where}: resources.{kind} needs cpu and memory")


for path in sorted(glob.glob("deploy/kubernetes/*.yaml") + glob.glob("deploy/kserve/*.yaml")):
    for document in yaml.safe_load_all(open(path)):
        kind = document["kind"]
        documents.setdefault(kind, []).append(document)
        if kind not in CUSTOM:
            try:
                kubernetes_validate.validate(document, KUBERNETES_VERSION, strict=True)
            except kubernetes_validate.ValidationError as error:
                problems.append(f"{path}: {error.message} at {'/'.join(map(str, error.path))}")
        for container in containers(document):
            check_container(container, f"{path}: {container['name']}")

listed = {"deploy/kubernetes/" + name for name in documents["Kustomization"][0]["resources"]}
there = set(glob.glob("deploy/kubernetes/*.yaml")) - {"deploy/kubernetes/kustomization.yaml"}
if listed != there:
    problems.append(f"kustomization.yaml and its folder differ: {listed ^ there}")

deployment = documents["Deployment"][0]
labels = deployment["spec"]["template"]["metadata"]["labels"].items()
for kind, selector in (
    ("Deployment", lambda spec: spec["selector"]["matchLabels"]),
    ("Service", lambda spec: spec["selector"]),
    ("PodDisruptionBudget", lambda spec: spec["selector"]["matchLabels"]),
    ("NetworkPolicy", lambda spec: spec["podSelector"]["matchLabels"]),
):
    if not selector(documents[kind][0]["spec"]).items() <= labels:
        problems.append(f"{kind} does not select the pods")
target = documents["HorizontalPodAutoscaler"][0]["spec"]["scaleTargetRef"]
if (target["kind"], target["name"]) != ("Deployment", deployment["metadata"]["name"]):
    problems.append("the autoscaler scales something else")
pod = deployment["spec"]["template"]["spec"]
claims = {document["metadata"]["name"] for document in documents["PersistentVolumeClaim"]}
for volume in pod["volumes"]:
    if volume["persistentVolumeClaim"]["claimName"] not in claims:
        problems.append(f"there is no claim for volume {volume['name']}")
if not pod["securityContext"]["runAsNonRoot"]:
    problems.append("pods may run as root")

runtime = documents["ServingRuntime"][0]
model = documents["InferenceService"][0]["spec"]["predictor"]["model"]
formats = {entry["name"] for entry in runtime["spec"]["supportedModelFormats"]}
if model["runtime"] != runtime["metadata"]["name"] or model["modelFormat"]["name"] not in formats:
    problems.append("the InferenceService asks for another runtime")
if model["protocolVersion"] not in runtime["spec"]["protocolVersions"]:
    problems.append("the InferenceService asks for another protocol")

print("\n".join(problems))
sys.exit(bool(problems))

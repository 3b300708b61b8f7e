#!/bin/sh
# Makes the SBOM in OUT: the Go modules in the programs in WORK, of all systems, in one CycloneDX document. It has neither
# time nor serial number, so that it is the same each time. release.sh calls it.
set -eu
name=cgp-cred_${VERSION}_sbom.cdx.json
echo "release: $name"
mkdir -p "$WORK/sbom"
for os in linux darwin windows; do # the modules are the same for each processor
	for program in cgp-cred cgp-cred-fleet; do
		end=''
		[ "$os" != windows ] || end=.exe
		"$TOOLS/cyclonedx-gomod" bin -json -licenses -std -noserial -notimestamp -short-purls -version "$VERSION" \
			-output "$WORK/sbom/made" "$WORK/$os/amd64/$program$end" 2>"$WORK/sbom/said" || {
			cat "$WORK/sbom/said" >&2
			exit 1
		}
		# It calls both programs by the module's name.
		jq --arg program "$program" '.metadata.component."bom-ref" as $old
			| .metadata.component |= (.name = $program | ."bom-ref" = $program)
			| .dependencies |= map(if .ref == $old then .ref = $program else . end)' \
			"$WORK/sbom/made" >"$WORK/sbom/$os-$program.json"
	done
done
jq -S -s --arg version "$VERSION" '
	(map(.metadata.component | {type, name, version: $version, "bom-ref"}) | unique) as $programs
	| {"$schema": .[0]."$schema", bomFormat: "CycloneDX", specVersion: .[0].specVersion, version: 1,
		metadata: {
			tools: {components: [.[0].metadata.tools[0] | {type: "application", name, version}]},
			component: {type: "application", name: "cgp-cred", version: $version, "bom-ref": "release", licenses: [{license: {id: "MIT"}}]}},
		components: ($programs + (map(.components[]) | unique_by(."bom-ref"))),
		dependencies: ([{ref: "release", dependsOn: ($programs | map(."bom-ref"))}]
			+ (map(.dependencies[]) | group_by(.ref) | map({ref: .[0].ref, dependsOn: (map(.dependsOn // []) | add | unique)})))}
	' "$WORK"/sbom/*.json >"$OUT/$name"

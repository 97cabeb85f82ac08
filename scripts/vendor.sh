#!/usr/bin/env bash
# Fetch the live page's chart library anew from its npm package. What the page serves is checked in; this says where it
# comes from, and refuses a package that is not the one that was looked at.
set -euo pipefail
cd "$(dirname "$0")/.."

version=1.6.32
sha512=2883159c6ebccefbb95d751b0b82d010f9e1c0ec41b8bc96d401eda66e882935c89a46cb824332fa369b8cb8122cc6ac36e186cd09bf7a9ded3a4c93c6989023

target=$PWD/plugins/heartbeats_page/vendor/uplot
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cd "$folder"
npm pack --silent "uplot@$version" >/dev/null
if ! sha512sum --check --quiet <<<"$sha512  uplot-$version.tgz"; then
  echo "vendor: uplot-$version.tgz is not the expected file: nothing was changed" >&2
  exit 1
fi
tar xzf "uplot-$version.tgz"
mkdir -p "$target"
cp package/dist/uPlot.iife.min.js package/dist/uPlot.min.css package/LICENSE "$target/"
cd "$target"
sha256sum LICENSE uPlot.iife.min.js uPlot.min.css >SHA256SUMS

#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Install the system libraries that the bpy module loads, and where there is no Vulkan driver a software one, which the tests of
# WebGPU draw with; or name them if that is not possible.
set -u
packages="libx11-6 libxrender1 libxfixes3 libxi6 libxkbcommon0 libsm6 libgl1 libegl1 libgomp1"

[ "$(uname -s)" = Linux ] || exit 0
missing=
find /etc/vulkan/icd.d /usr/share/vulkan/icd.d -name '*.json' 2>/dev/null | grep -q . || missing=" mesa-vulkan-drivers"
for package in $packages; do
    dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
[ "$(id -u)" = 0 ] || as_root="sudo -n"
if command -v apt-get >/dev/null && $as_root apt-get update -qq >/dev/null 2>&1 &&
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1; then
    exit 0
fi
echo "The bpy module and tests of WebGPU need system libraries that could not be installed here. On Debian and Ubuntu:" >&2
echo "    sudo apt-get install$missing" >&2
echo "On other systems, install the same libraries. Everything except Blender and these tests works without them." >&2

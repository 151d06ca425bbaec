#!/bin/sh
# A virtual sound card for the device tests: PulseAudio, its tools and ALSA's way to it. Never fails: where it cannot
# be had the device tests say so and are skipped.
sh "$(dirname "$0")/ensure_portaudio.sh"
[ "$(uname -s)" = Linux ] || exit 0
needed="pulseaudio pulseaudio-utils libasound2-plugins"
if command -v pulseaudio >/dev/null 2>&1 && command -v parecord >/dev/null 2>&1 &&
  ls /usr/lib/*/alsa-lib/libasound_module_pcm_pulse.so >/dev/null 2>&1; then exit 0; fi
command -v apt-get >/dev/null 2>&1 || { echo "no virtual sound card: install PulseAudio for the device tests"; exit 0; }
if [ "$(id -u)" = 0 ]; then as_root=; elif sudo -n true 2>/dev/null; then as_root="sudo -n"; else
  echo "no virtual sound card: run  sudo apt-get install $needed  for the device tests"
  exit 0
fi
echo "==> installing $needed (apt) for the device tests"
install="$as_root apt-get install -y -qq --no-install-recommends $needed"
$install >/dev/null 2>&1 || { $as_root apt-get update -qq >/dev/null 2>&1 && $install >/dev/null 2>&1; } ||
  echo "apt could not install a virtual sound card: the device tests are skipped"

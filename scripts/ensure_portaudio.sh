#!/bin/sh
# Makes sure that PortAudio's library is there: wheels carry it on Windows and macOS, Linux has it from its packages.
# Never fails: without it localvoice says what is missing and works on files.
[ "$(uname -s)" = Linux ] || exit 0
found() { ldconfig -p 2>/dev/null | grep -q 'libportaudio\.so\.2' || /sbin/ldconfig -p 2>/dev/null | grep -q 'libportaudio\.so\.2'; }
found && exit 0
if command -v apt-get >/dev/null 2>&1; then
  if [ "$(id -u)" = 0 ]; then as_root=; elif sudo -n true 2>/dev/null; then as_root="sudo -n"; else
    echo "PortAudio is missing: run  sudo apt-get install libportaudio2"
    exit 0
  fi
  echo "==> installing libportaudio2 (apt)"
  { $as_root apt-get install -y -qq --no-install-recommends libportaudio2 >/dev/null 2>&1 ||
    { $as_root apt-get update -qq >/dev/null 2>&1 &&
      $as_root apt-get install -y -qq --no-install-recommends libportaudio2 >/dev/null 2>&1; }; } ||
    echo "apt could not install libportaudio2: install PortAudio by hand to use a sound card"
else
  echo "PortAudio is missing: install it with your package manager (Fedora: portaudio, Arch: portaudio)"
fi

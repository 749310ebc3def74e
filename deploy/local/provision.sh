#!/usr/bin/env bash
# Brings what the tests need beside Python: Java, Maven, Kafka's jars, Chromium and a Chinese font.
# As root on Debian it installs the packages; elsewhere it says which are missing. It fails only where
# REQUIRE_APACHE_KAFKA=1 asks for Apache Kafka and it cannot be had: tests know how to go on without the rest.
set -euo pipefail
python=${1:?usage: provision.sh PYTHON}

missing=()
"$python" -m deploy.local.jars java >/dev/null 2>&1 || missing+=(default-jre-headless)
if ! "$python" -m deploy.local.jars cached >/dev/null 2>&1; then
	command -v mvn >/dev/null || missing+=(maven)
fi
command -v chromium >/dev/null || command -v google-chrome >/dev/null || missing+=(chromium)
if ! command -v fc-list >/dev/null || [ -z "$(fc-list :lang=zh 2>/dev/null | head -n 1)" ]; then
	missing+=(fontconfig fonts-noto-cjk)
fi

if [ ${#missing[@]} -gt 0 ]; then
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		echo "installing ${missing[*]} …"
		export DEBIAN_FRONTEND=noninteractive
		log=$(mktemp)
		{ apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null ||
			{ tail -n 5 "$log" >&2; echo "apt-get could not install ${missing[*]}" >&2; }
		rm -f "$log"
	else
		echo "missing: ${missing[*]} (Debian's names). Install them, for example: sudo apt-get install ${missing[*]}" >&2
	fi
fi

if ! "$python" -m deploy.local.jars bring; then
	if [ "${REQUIRE_APACHE_KAFKA:-0}" = 1 ]; then
		exit 1
	fi
	echo "going on with the embedded broker" >&2
fi

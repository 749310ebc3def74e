#!/usr/bin/env bash
# Brings what the tests need beside Python: Java, Maven, Kafka's jars, Chromium, a Chinese font and promtool.
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

# Promtool checks the alerts. It comes out of Debian's package, unpacked: installed, that would start a Prometheus.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/carejourney
if ! command -v promtool >/dev/null && [ ! -x "$cache/promtool" ]; then
	scratch=$(mktemp -d)
	if (
		cd "$scratch"
		apt-get download prometheus || { apt-get update && apt-get download prometheus; }
		dpkg-deb -x prometheus_*.deb .
	) >/dev/null 2>&1; then
		mkdir -p "$cache"
		install "$scratch/usr/bin/promtool" "$cache/promtool"
	else
		echo "missing: promtool (it comes with Prometheus). The tests of the alerts are skipped" >&2
	fi
	rm -rf "$scratch"
fi

if ! "$python" -m deploy.local.jars bring; then
	if [ "${REQUIRE_APACHE_KAFKA:-0}" = 1 ]; then
		exit 1
	fi
	echo "going on with the embedded broker" >&2
fi

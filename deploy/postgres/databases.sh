#!/bin/sh
# Runs once, in a new PostgreSQL container: a database and a user for every service, whose password stands in the
# variable SERVICE_PASSWORD. A user owns its own database and cannot even connect to another's.
set -eu

for service in registration beds discharge followup console simulator; do
	psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
		--set service="$service" --set variable="$(echo "$service" | tr '[:lower:]' '[:upper:]')_PASSWORD" <<-'SQL'
		\getenv password :variable
		CREATE ROLE :"service" LOGIN PASSWORD :'password';
		CREATE DATABASE :"service" OWNER :"service" ENCODING 'UTF8' TEMPLATE template0;
		REVOKE ALL ON DATABASE :"service" FROM PUBLIC;
	SQL
done
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
	--command 'REVOKE CONNECT ON DATABASE postgres FROM PUBLIC'

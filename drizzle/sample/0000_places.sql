CREATE TABLE "places" (
	"id" bigint PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"country" text NOT NULL,
	"feature_code" text NOT NULL,
	"admin_code" text NOT NULL,
	"population" bigint NOT NULL,
	"latitude" double precision NOT NULL,
	"longitude" double precision NOT NULL,
	"name_search" text,
	"geohash" text
);

-- Runs once, when the warehouse's volume is new: Leat never creates a schema,
-- and dbo is the default schema of a new destination.
CREATE ROLE loader LOGIN PASSWORD 'loader';
CREATE SCHEMA dbo AUTHORIZATION loader;

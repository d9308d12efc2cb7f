"""Small tools that every floor stands on: ids, clock, errors, paging, coordinates, identifiers, masking."""

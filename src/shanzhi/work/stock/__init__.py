"""Stock (应急物资): what lies in which store, reserved, issued, returned."""

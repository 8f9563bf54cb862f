package org.bukkit.permissions;

/** Who has a permission. */
public enum PermissionDefault {
    TRUE,
    FALSE,
    OP,
    NOT_OP
}

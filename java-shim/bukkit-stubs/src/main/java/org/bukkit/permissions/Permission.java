package org.bukkit.permissions;

/** A permission. */
public class Permission {
    private final String name;
    private final PermissionDefault given;

    public Permission(String name, String description, PermissionDefault defaultValue) {
        this.name = name;
        given = defaultValue;
    }

    public String getName() {
        return name;
    }

    public PermissionDefault getDefault() {
        return given;
    }
}

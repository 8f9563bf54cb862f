package dev.paynowbridge.internal;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Nothing that others can call hands the library an array that is missing. */
class CheckedTest {
    /** Its ids are left out by most. OperationsTest calls it without. */
    private static final String MAY_BE_MISSING = "listCustomers";

    private static boolean takesArrays(Method method) {
        return Arrays.stream(method.getParameterTypes()).anyMatch(Class::isArray);
    }

    @Test
    void nativeMethodsThatTakeArraysAreNotPublic() {
        int found = 0;
        for (Method method : Native.class.getDeclaredMethods()) {
            if (Modifier.isNative(method.getModifiers()) && takesArrays(method)) {
                found++;
                assertFalse(Modifier.isPublic(method.getModifiers()), method.getName());
            }
        }
        assertTrue(found > 0);
    }

    @Test
    void eachArrayIsChecked() {
        int calls = 0;
        for (Method method : Checked.class.getDeclaredMethods()) {
            if (method.getName().equals(MAY_BE_MISSING)) {
                continue;
            }
            Class<?>[] types = method.getParameterTypes();
            for (int missing = 0; missing < types.length; missing++) {
                if (types[missing].isArray()) {
                    Object[] arguments = new Object[types.length];
                    for (int i = 0; i < types.length; i++) {
                        arguments[i] = i == missing ? null : anything(types[i]);
                    }
                    Throwable thrown = assertThrows(InvocationTargetException.class, () -> method.invoke(null, arguments)).getCause();
                    assertInstanceOf(NullPointerException.class, thrown, method.getName());
                    calls++;
                }
            }
        }
        assertTrue(calls >= 12, "calls: " + calls);
    }

    private static Object anything(Class<?> type) {
        if (type.isArray()) {
            return Array.newInstance(type.getComponentType(), 0);
        }
        return type == long.class ? (Object) 0L : type == int.class ? (Object) 0 : type == boolean.class ? false : null;
    }
}

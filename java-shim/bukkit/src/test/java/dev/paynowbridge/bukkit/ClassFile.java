package dev.paynowbridge.bukkit;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a class file says of itself and of others: its constant pool, its superclass, the members it declares. */
final class ClassFile {
    private static final int UTF8 = 1;
    private static final int CLASS = 7;
    private static final int FIELD = 9;
    private static final int METHOD = 10;
    private static final int INTERFACE_METHOD = 11;
    private static final int NAME_AND_TYPE = 12;
    private static final Pattern TYPE = Pattern.compile("L([\\w/$]+);");

    final int major;
    final String name;
    final String superclass;
    /** Name and descriptor of each field and method declared here. */
    final Set<String> declared = new HashSet<>();
    final List<Member> used = new ArrayList<>();
    /** Every class named anywhere, in descriptors and annotations too. */
    final Set<String> classes = new HashSet<>();

    private final Object[] pool;

    /**
     * A member of some class.
     *
     * @param owner the class
     * @param signature name and descriptor
     */
    record Member(String owner, String signature) {}

    ClassFile(byte[] bytes) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
        if (in.readInt() != 0xCAFEBABE) {
            throw new IOException("no class file");
        }
        in.readUnsignedShort();
        major = in.readUnsignedShort();
        pool = new Object[in.readUnsignedShort()];
        for (int i = 1; i < pool.length; i++) {
            i += constant(in, i);
        }
        in.readUnsignedShort();
        name = className(in.readUnsignedShort());
        superclass = className(in.readUnsignedShort());
        in.skipBytes(2 * in.readUnsignedShort());
        members(in);
        members(in);
        references();
    }

    /** How many more places it takes. */
    private int constant(DataInputStream in, int at) throws IOException {
        int tag = in.readUnsignedByte();
        switch (tag) {
            case UTF8 -> pool[at] = in.readUTF();
            case 3, 4 -> in.readInt();
            case 5, 6 -> {
                in.readLong();
                return 1;
            }
            case CLASS, 8, 16, 19, 20 -> pool[at] = new int[] {tag, in.readUnsignedShort()};
            case FIELD, METHOD, INTERFACE_METHOD, NAME_AND_TYPE, 17, 18 ->
                    pool[at] = new int[] {tag, in.readUnsignedShort(), in.readUnsignedShort()};
            case 15 -> {
                in.readUnsignedByte();
                in.readUnsignedShort();
            }
            default -> throw new IOException("an unknown constant " + tag);
        }
        return 0;
    }

    private String className(int at) {
        return (String) pool[((int[]) pool[at])[1]];
    }

    private void members(DataInputStream in) throws IOException {
        for (int left = in.readUnsignedShort(); left > 0; left--) {
            in.readUnsignedShort();
            declared.add(pool[in.readUnsignedShort()] + " " + pool[in.readUnsignedShort()]);
            for (int attributes = in.readUnsignedShort(); attributes > 0; attributes--) {
                in.readUnsignedShort();
                in.skipNBytes(Integer.toUnsignedLong(in.readInt()));
            }
        }
    }

    private void references() {
        for (Object constant : pool) {
            if (constant instanceof String text) {
                for (Matcher type = TYPE.matcher(text); type.find(); ) {
                    classes.add(type.group(1));
                }
            } else if (constant instanceof int[] parts) {
                switch (parts[0]) {
                    case CLASS -> classes.add((String) pool[parts[1]]);
                    case FIELD, METHOD, INTERFACE_METHOD -> {
                        int[] nameAndType = (int[]) pool[parts[2]];
                        used.add(new Member(className(parts[1]), pool[nameAndType[1]] + " " + pool[nameAndType[2]]));
                    }
                    default -> {
                        // Nothing of interest.
                    }
                }
            }
        }
    }
}

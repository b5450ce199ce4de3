package org.llava4j.data;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Names of enum constants in flags, configs and files: {@code CLS_PATCH} is {@code cls_patch}. */
public final class EnumName {
    private EnumName() {}

    public static String of(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /**
     * Returns the constant of a name.
     *
     * @param key what has the name, for messages: a flag or a key of a config
     * @throws BadInputException if there is no such constant
     */
    public static <E extends Enum<E>> E parse(Class<E> type, String key, String name) {
        E[] values = type.getEnumConstants();
        return Arrays.stream(values)
                .filter(value -> of(value).equals(name))
                .findFirst()
                .orElseThrow(() -> new BadInputException(key + " \"" + name + "\" is unknown; use one of "
                        + Arrays.stream(values).map(EnumName::of).collect(Collectors.joining(", "))));
    }
}

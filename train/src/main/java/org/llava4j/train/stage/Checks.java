package org.llava4j.train.stage;

import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;

/** Checks of a stage's values; the messages name the key in the stage's file. */
final class Checks {
    private Checks() {}

    static void requirePresent(@Nullable Object value, String key) {
        require(value != null, key, null, "it must be set");
    }

    static void requirePositive(int value, String key) {
        require(value > 0, key, value, "it must be at least 1");
    }

    static void require(boolean holds, String key, @Nullable Object value, String what) {
        if (!holds) {
            throw new BadInputException("\"" + key + "\" is " + value + "; " + what);
        }
    }

    static void requireRegexes(String key, List<String> patterns) {
        for (String pattern : patterns) {
            try {
                Pattern.compile(pattern);
            } catch (PatternSyntaxException e) {
                throw new BadInputException(
                        "\"" + key + "\" has \"" + pattern + "\", which is not a valid regular expression: "
                                + e.getDescription(),
                        e);
            }
        }
    }
}

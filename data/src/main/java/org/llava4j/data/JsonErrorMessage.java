package org.llava4j.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import java.util.Collection;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** User-readable messages for JSON parse failures; the parser's own messages name its classes and settings. */
public final class JsonErrorMessage {
    private static final Pattern NON_STANDARD = Pattern.compile("Non-standard token '([^']*)'.*");
    private static final Pattern LIMIT_EXCEEDED =
            Pattern.compile("(.*?) \\(([\\d,]+)\\) exceeds the maximum allowed \\(([\\d,]+),.*");
    /** Parentheses and clauses about classes, settings or the source of the parser. */
    private static final Pattern PARSER_INTERNALS = Pattern.compile(
            " ?\\((?:[^()]|\\([^()]*\\))*(?:Feature|Source:|Constraints|class |Parser)(?:[^()]|\\([^()]*\\))*\\)"
                    + "|: (?:enable|not allowed as per|usually) `?.*|: maybe a \\(?non-standard\\)? .*");

    private static final Map<Class<?>, String> EXPECTED = Map.of(
            int.class, "an integer",
            long.class, "an integer",
            Integer.class, "an integer",
            Long.class, "an integer",
            double.class, "a number",
            Double.class, "a number",
            boolean.class, "true or false",
            Boolean.class, "true or false",
            String.class, "a string");

    private JsonErrorMessage() {}

    /** Describes the first problem in one line. */
    public static String of(JsonProcessingException e) {
        if (e instanceof UnrecognizedPropertyException unknown) {
            return "unknown key \"" + unknown.getPropertyName() + "\"; known keys are "
                    + String.join(", ", known(unknown));
        }
        String message = String.valueOf(e.getOriginalMessage()).replaceAll("\\s+", " ");
        if (e instanceof MismatchedInputException mismatch && mismatch.getTargetType() != null) {
            String mapped = mapped(mismatch, message);
            if (mapped != null) {
                return key(mismatch) + mapped;
            }
        }
        return (e instanceof JsonMappingException mapping ? key(mapping) : "") + plain(message);
    }

    private static Collection<String> known(UnrecognizedPropertyException e) {
        Collection<String> known = new TreeSet<>();
        if (e.getKnownPropertyIds() != null) {
            e.getKnownPropertyIds().forEach(id -> known.add(id.toString()));
        }
        return known;
    }

    /** Describes the expected type of a value; null if the failure is about something else. */
    private static @Nullable String mapped(MismatchedInputException e, String message) {
        if (message.startsWith("Trailing token")) {
            return "there is content after the end of the value";
        }
        if (message.startsWith("No content")) {
            return "it is empty";
        }
        Class<?> type = e.getTargetType();
        String expected = EXPECTED.getOrDefault(
                type,
                type.isEnum()
                        ? "one of " + String.join(", ", enumNames(type))
                        : Collection.class.isAssignableFrom(type) || type.isArray() ? "a list" : "an object");
        return message.startsWith("Cannot") || message.startsWith("Unexpected token") ? "must be " + expected : null;
    }

    private static Collection<String> enumNames(Class<?> type) {
        Collection<String> names = new TreeSet<>();
        for (Object constant : type.getEnumConstants()) {
            names.add(constant.toString());
        }
        return names;
    }

    private static String plain(String message) {
        Matcher token = NON_STANDARD.matcher(message);
        if (token.matches()) {
            return token.group(1) + " is not a JSON value; use a number or null";
        }
        Matcher limit = LIMIT_EXCEEDED.matcher(message);
        if (limit.matches()) {
            return limit.group(1) + " is " + limit.group(2) + ", the limit is " + limit.group(3);
        }
        if (message.startsWith("Trailing token")) {
            return "there is content after the end of the value";
        }
        return PARSER_INTERNALS
                .matcher(message)
                .replaceAll("")
                .replace("`", "'")
                .strip();
    }

    /** The key of the value that failed, if the parser reports one. */
    private static String key(JsonMappingException e) {
        if (e.getPath().isEmpty()) {
            return "";
        }
        String name = e.getPath().get(e.getPath().size() - 1).getFieldName();
        return name == null ? "" : "\"" + name + "\": ";
    }
}

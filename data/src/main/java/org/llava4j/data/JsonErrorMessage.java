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

/** What is wrong with JSON, in words for who wrote it: a parser's own messages name its classes and settings. */
public final class JsonErrorMessage {
    private static final Pattern NON_STANDARD = Pattern.compile("Non-standard token '([^']*)'.*");
    private static final Pattern LIMIT_EXCEEDED =
            Pattern.compile("(.*?) \\(([\\d,]+)\\) exceeds the maximum allowed \\(([\\d,]+),.*");
    /** Parentheses and clauses that speak of classes, settings or the parser's source. */
    private static final Pattern PARSER_INTERNALS = Pattern.compile(
            " ?\\((?:[^()]|\\([^()]*\\))*(?:Feature|Source:|Constraints|class |Parser)(?:[^()]|\\([^()]*\\))*\\)"
                    + "|: (?:enable|not allowed as per|usually) `?.*|: maybe a \\(?non-standard\\)? .*");

    private static final Map<Class<?>, String> EXPECTED = Map.of(
            int.class, "a whole number",
            long.class, "a whole number",
            Integer.class, "a whole number",
            Long.class, "a whole number",
            double.class, "a number",
            Double.class, "a number",
            boolean.class, "true or false",
            Boolean.class, "true or false",
            String.class, "a text");

    private JsonErrorMessage() {}

    /** One line about the first thing that is wrong. */
    public static String of(JsonProcessingException e) {
        if (e instanceof UnrecognizedPropertyException unknown) {
            return "the key \"" + unknown.getPropertyName() + "\" is not known; known are "
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

    /** What a value must be where it is bound to a type; null where the message is about something else. */
    private static String mapped(MismatchedInputException e, String message) {
        if (message.startsWith("Trailing token")) {
            return "more follows after the end of the value";
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
            return token.group(1) + " is no JSON value; write a number or null";
        }
        Matcher limit = LIMIT_EXCEEDED.matcher(message);
        if (limit.matches()) {
            return limit.group(1) + " is " + limit.group(2) + ", the limit " + limit.group(3);
        }
        if (message.startsWith("Trailing token")) {
            return "more follows after the end of the value";
        }
        return PARSER_INTERNALS
                .matcher(message)
                .replaceAll("")
                .replace("`", "'")
                .strip();
    }

    /** The key whose value does not fit, where the parser got as far as knowing one. */
    private static String key(JsonMappingException e) {
        if (e.getPath().isEmpty()) {
            return "";
        }
        String name = e.getPath().get(e.getPath().size() - 1).getFieldName();
        return name == null ? "" : "\"" + name + "\": ";
    }
}

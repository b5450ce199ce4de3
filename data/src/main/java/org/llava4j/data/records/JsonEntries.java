package org.llava4j.data.records;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.Consumer;
import org.llava4j.data.EnumName;
import org.llava4j.data.JsonInput;
import org.llava4j.data.Utf8Validator;

/** Formats of JSON files of objects. */
enum JsonEntries implements EntryFormat {
    /** Elements of one array, or JSONL. */
    LIST,
    /** Members of one object, each with its key. */
    MEMBERS,
    /** Elements of COCO's array {@code images}. */
    IMAGES,
    /** Elements of COCO's array {@code annotations}. */
    ANNOTATIONS,
    /** Elements of COCO's array {@code categories}. */
    CATEGORIES;

    private static final JsonFactory FACTORY =
            JsonFactory.builder().disable(StreamReadFeature.AUTO_CLOSE_SOURCE).build();

    @Override
    public void scan(InputStream in, EntryIndex index) throws IOException {
        try (JsonParser parser = FACTORY.createParser(Utf8Validator.checking(in))) {
            switch (this) {
                case LIST -> list(parser, index, key -> {});
                case MEMBERS -> members(parser, index);
                case IMAGES, ANNOTATIONS, CATEGORIES -> arrayNamed(EnumName.of(this), parser, index);
            }
        }
    }

    @Override
    public JsonNode parse(int number, byte[] bytes) throws IOException {
        return JsonInput.tree(bytes);
    }

    /** As {@link #LIST}; calls {@code keys} with each key of an entry before the entry is added to the index. */
    static void scanList(InputStream in, EntryIndex index, Consumer<String> keys) throws IOException {
        try (JsonParser parser = FACTORY.createParser(Utf8Validator.checking(in))) {
            list(parser, index, keys);
        }
    }

    private static void list(JsonParser parser, EntryIndex index, Consumer<String> keys) throws IOException {
        JsonToken first = parser.nextToken();
        if (first == JsonToken.START_ARRAY) {
            array(parser, index, keys);
            require(parser.nextToken() == null, parser, index, "has content after its array");
            return;
        }
        require(first != null, parser, index, "is empty; it must have a JSON array of samples");
        for (JsonToken token = first; token != null; token = parser.nextToken()) {
            add(parser, index, keys);
        }
    }

    private static void members(JsonParser parser, EntryIndex index) throws IOException {
        require(parser.nextToken() == JsonToken.START_OBJECT, parser, index, "must be one JSON object");
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String key = parser.currentName();
            parser.nextToken();
            index.addKey(key);
            add(parser, index, entryKey -> {});
        }
        require(parser.nextToken() == null, parser, index, "has content after its object");
    }

    /** Tests whether a file is one object with an array of this key; it reads no further than necessary. */
    static boolean hasMember(InputStream in, String key) throws IOException {
        try (JsonParser parser = FACTORY.createParser(Utf8Validator.checking(in))) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return false;
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                if (parser.currentName().equals(key)) {
                    return parser.nextToken() == JsonToken.START_ARRAY;
                }
                parser.nextToken();
                parser.skipChildren();
            }
            return false;
        }
    }

    private static void arrayNamed(String key, JsonParser parser, EntryIndex index) throws IOException {
        require(
                parser.nextToken() == JsonToken.START_OBJECT,
                parser,
                index,
                "must be one JSON object, in COCO's format");
        boolean found = false;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            boolean wanted = parser.currentName().equals(key);
            parser.nextToken();
            if (wanted) {
                require(!found, parser, index, "has \"" + key + "\" twice");
                require(parser.currentToken() == JsonToken.START_ARRAY, parser, index, "\"" + key + "\" is not a list");
                array(parser, index, entryKey -> {});
                found = true;
            } else {
                parser.skipChildren();
            }
        }
        require(parser.nextToken() == null, parser, index, "has content after its object");
        require(found, parser, index, "has no \"" + key + "\"; give a file in COCO's format");
    }

    private static void array(JsonParser parser, EntryIndex index, Consumer<String> keys) throws IOException {
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            add(parser, index, keys);
        }
    }

    private static void add(JsonParser parser, EntryIndex index, Consumer<String> keys) throws IOException {
        require(
                parser.currentToken() == JsonToken.START_OBJECT,
                parser,
                index,
                "entry " + index.size() + " is not an object in {}");
        long start = parser.currentTokenLocation().getByteOffset();
        require(start >= 0, parser, index, "is not in UTF-8");
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            keys.accept(parser.currentName());
            parser.nextToken();
            parser.skipChildren();
        }
        long end = parser.currentLocation().getByteOffset();
        long line = parser.currentTokenLocation().getLineNr();
        index.add(start, end, line);
    }

    private static void require(boolean holds, JsonParser parser, EntryIndex index, String otherwise) {
        if (!holds) {
            throw index.bad(parser.currentTokenLocation().getLineNr(), otherwise);
        }
    }
}

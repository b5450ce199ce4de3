package org.llava4j.data.tokenizer;

import static org.llava4j.data.config.ConfigKeys.OFF;
import static org.llava4j.data.config.ConfigKeys.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.config.ConfigKeys;

/** Reader of the object {@code model} of a {@code tokenizer.json}: vocabulary and merges of a byte-pair model. */
final class TokenizerJsonModel {
    private static final String NOT_SUPPORTED = "only the options of LLaMA tokenizers are supported";

    private static final ConfigKeys KEYS = ConfigKeys.builder()
            .read("vocab", "merges", "unk_token", "fuse_unk", "byte_fallback", "ignore_merges")
            .only(text("BPE"), "only byte-pair models (BPE) are supported; use a model with a LLaMA tokenizer", "type")
            .only(OFF, NOT_SUPPORTED, "dropout", "continuing_subword_prefix", "end_of_word_suffix")
            .build();

    private final Path file;
    private final JsonNode model;

    TokenizerJsonModel(Path file, JsonNode model, Set<String> unknownKeys) {
        this.file = file;
        this.model = model;
        if (!model.isObject()
                || !model.path("vocab").isObject()
                || !model.path("merges").isArray()) {
            throw error("must be an object with \"vocab\" and \"merges\", as a LLaMA tokenizer has");
        }
        unknownKeys.addAll(KEYS.check(file.toString(), "model.", model));
    }

    /** The pieces; their ids must be 0 to n - 1. */
    Vocabulary vocabulary() {
        JsonNode vocab = model.path("vocab");
        String[] pieces = new String[vocab.size()];
        for (Map.Entry<String, JsonNode> entry : vocab.properties()) {
            int id = entry.getValue().canConvertToInt() && entry.getValue().isIntegralNumber()
                    ? entry.getValue().intValue()
                    : -1;
            if (id < 0 || id >= pieces.length || pieces[id] != null) {
                throw error("\"vocab\" gives \"" + shortened(entry.getKey()) + "\" the id "
                        + TokenizerJsonReader.shortened(entry.getValue()) + "; the ids must be 0 to "
                        + (pieces.length - 1) + ", each once");
            }
            if (entry.getKey().isEmpty()) {
                throw error("\"vocab\" has an empty piece");
            }
            BpeModel.requireShort(file.toString(), entry.getKey());
            pieces[id] = entry.getKey();
        }
        return new Vocabulary(file.toString(), Arrays.asList(pieces));
    }

    BpeModel bpe(Vocabulary vocabulary) {
        int @Nullable [] byteIds = flag("byte_fallback") ? byteIds(vocabulary) : null;
        boolean ignoreMerges = flag("ignore_merges");
        JsonNode unknown = model.path("unk_token");
        BpeModel.Unknown treatment = TokenizerJsonReader.absent(unknown)
                ? BpeModel.Unknown.DROP
                : flag("fuse_unk") ? BpeModel.Unknown.FUSE : BpeModel.Unknown.EACH;
        BpeSymbols symbols = new BpeSymbols();
        for (int id = 0; id < vocabulary.size(); id++) {
            String piece = vocabulary.piece(id);
            int first = piece.codePointAt(0);
            if (piece.length() == Character.charCount(first)) {
                symbols.put(first, id);
            }
        }
        BpeMerges.Builder merges = new BpeMerges.Builder();
        // Where unknown characters are omitted, the symbols around them are merged.
        boolean separateWords = !ignoreMerges
                && vocabulary.id(SentencePieceModel.SPACE_PIECE) != null
                && (byteIds != null || treatment != BpeModel.Unknown.DROP);
        int rank = 0;
        for (JsonNode merge : model.path("merges")) {
            String[] pair = pair(merge);
            String result = pair[0] + pair[1];
            int left = id(vocabulary, pair[0], merge, byteIds != null);
            int right = id(vocabulary, pair[1], merge, byteIds != null);
            merges.add(left, right, rank++, id(vocabulary, result, merge, false));
            separateWords &= !BpeModel.extendsOverWordEnd(result);
        }
        return new BpeModel(
                vocabulary.size(),
                symbols,
                merges.build(),
                byteIds,
                treatment,
                treatment == BpeModel.Unknown.DROP ? -1 : id(vocabulary, "unk_token", unknown),
                Map.of(),
                new BitSet(),
                ignoreMerges ? vocabulary : null,
                separateWords);
    }

    /** The rank of the first merge that produces a piece, for each piece with one. */
    static Map<String, Integer> ranks(Path file, JsonNode model) {
        TokenizerJsonModel reader = new TokenizerJsonModel(file, model, new HashSet<>());
        Map<String, Integer> ranks = new HashMap<>();
        int rank = 0;
        for (JsonNode merge : model.path("merges")) {
            String[] pair = reader.pair(merge);
            ranks.putIfAbsent(pair[0] + pair[1], rank++);
        }
        return ranks;
    }

    /** The two pieces of a merge: a list of two, or in older files one string with a space between them. */
    private String[] pair(JsonNode merge) {
        if (merge.isTextual()) {
            List<String> parts = List.of(merge.textValue().split(" ", -1));
            if (parts.size() == 2) {
                return parts.toArray(String[]::new);
            }
        } else if (merge.isArray()
                && merge.size() == 2
                && merge.get(0).isTextual()
                && merge.get(1).isTextual()) {
            return new String[] {merge.get(0).textValue(), merge.get(1).textValue()};
        }
        throw error("\"merges\" has the entry " + TokenizerJsonReader.shortened(merge) + "; each must be two pieces");
    }

    private int id(Vocabulary vocabulary, String piece, JsonNode merge, boolean isText) {
        Integer id = vocabulary.id(piece);
        if (id == null || (isText && byteOf(piece) >= 0)) {
            throw error(
                    "\"merges\" has the entry " + TokenizerJsonReader.shortened(merge) + ", but \"" + shortened(piece)
                            + "\" is " + (id == null ? "not in \"vocab\"" : "a byte, which is never merged"));
        }
        return id;
    }

    private int id(Vocabulary vocabulary, String key, JsonNode piece) {
        Integer id = piece.isTextual() ? vocabulary.id(piece.textValue()) : null;
        if (id == null) {
            throw error("\"" + key + "\" is " + TokenizerJsonReader.shortened(piece) + ", which is not in \"vocab\"");
        }
        return id;
    }

    private int[] byteIds(Vocabulary vocabulary) {
        int[] ids = new int[256];
        for (int b = 0; b < ids.length; b++) {
            Integer id = vocabulary.id("<0x%02X>".formatted(b));
            if (id == null) {
                throw error("\"byte_fallback\" is true but \"vocab\" lacks <0x%02X>".formatted(b));
            }
            ids[b] = id;
        }
        return ids;
    }

    /** The byte of a piece such as {@code <0x0A>}, -1 if it is not of that form. */
    static int byteOf(String piece) {
        if (piece.length() != 6 || !piece.startsWith("<0x") || piece.charAt(5) != '>') {
            return -1;
        }
        int high = Character.digit(piece.charAt(3), 16);
        int low = Character.digit(piece.charAt(4), 16);
        return high < 0 || low < 0 ? -1 : high << 4 | low;
    }

    private boolean flag(String key) {
        JsonNode value = model.path(key);
        if (!value.isBoolean() && !TokenizerJsonReader.absent(value)) {
            throw error("\"" + key + "\" must be true or false, is " + TokenizerJsonReader.shortened(value));
        }
        return value.asBoolean(false);
    }

    private static String shortened(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + " ...";
    }

    private BadInputException error(String what) {
        return new BadInputException(file + ": \"model\": " + what.replace('\n', ' '));
    }
}

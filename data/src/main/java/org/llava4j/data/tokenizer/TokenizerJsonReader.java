package org.llava4j.data.tokenizer;

import static org.llava4j.data.config.ConfigKeys.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.config.ConfigKeys;
import org.llava4j.data.config.ConfigWarnings;
import org.llava4j.data.tokenizer.TokenizerJson.Decoder;
import org.llava4j.data.tokenizer.TokenizerJson.Metaspace;
import org.llava4j.data.tokenizer.TokenizerJson.Normalizer;
import org.llava4j.data.tokenizer.TokenizerJson.Prepend;
import org.llava4j.data.tokenizer.TokenizerJson.PrependScheme;
import org.llava4j.data.tokenizer.TokenizerJson.Replace;

/**
 * Reader of {@code tokenizer.json}, the file of the Hugging Face library {@code tokenizers}. The components of LLaMA
 * tokenizers are supported; any other component, or option of one, is rejected by name.
 */
final class TokenizerJsonReader {
    private static final String WHAT_TO_DO =
            "only the components of LLaMA tokenizers are supported; use a model with such a tokenizer";

    private static final ConfigKeys ROOT = ConfigKeys.builder()
            .read("added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model")
            .only(text("1.0"), "only version 1.0 is supported; save the tokenizer with a current tokenizers", "version")
            // Set for each call by those who use the file.
            .ignored("truncation", "padding")
            .build();

    private static final ConfigKeys TEMPLATE = ConfigKeys.builder()
            .read("type", "single", "special_tokens")
            .ignored("pair")
            .build();

    private static final ConfigKeys METASPACE = ConfigKeys.builder()
            .read("type", "replacement", "prepend_scheme", "split", "add_prefix_space", "str_rep")
            .build();

    private static final List<String> DECODERS = List.of("Replace", "ByteFallback", "Fuse", "Strip");

    private final Path file;
    private final Set<String> unknownKeys = new TreeSet<>();

    private TokenizerJsonReader(Path file) {
        this.file = file;
    }

    /**
     * Reads a file.
     *
     * @throws BadInputException if it is missing, invalid, too large, or has a component that is not supported
     */
    static TokenizerJson read(Path file) {
        return new TokenizerJsonReader(file).read(JsonInput.readBoundedObject(file));
    }

    private TokenizerJson read(JsonNode json) {
        unknownKeys.addAll(ROOT.check(file.toString(), "", json));
        TokenizerJsonModel model = new TokenizerJsonModel(file, json.path("model"), unknownKeys);
        Vocabulary vocabulary = model.vocabulary();
        JsonNode addedTokens = json.path("added_tokens");
        if (!addedTokens.isArray() && !absent(addedTokens)) {
            throw new BadInputException(file + ": \"added_tokens\" must be a list of tokens");
        }
        List<Normalizer> normalizer = new ArrayList<>();
        addNormalizer("normalizer", json.path("normalizer"), normalizer);
        TokenizerJson tokenizer = new TokenizerJson(
                vocabulary,
                model.bpe(vocabulary),
                addedTokens,
                List.copyOf(normalizer),
                metaspace(json.path("pre_tokenizer")),
                decoder(json.path("decoder")),
                bosToken(json.path("post_processor")));
        ConfigWarnings.unknownKeys(file, unknownKeys);
        return tokenizer;
    }

    private void addNormalizer(String key, JsonNode node, List<Normalizer> to) {
        if (absent(node)) {
            return;
        }
        switch (type(key, node)) {
            case "Sequence" -> {
                check(key, node, "normalizers");
                JsonNode parts = list(key + ".normalizers", node.path("normalizers"));
                for (int i = 0; i < parts.size(); i++) {
                    addNormalizer(key + ".normalizers[" + i + "]", parts.get(i), to);
                }
            }
            case "Prepend" -> {
                check(key, node, "prepend");
                to.add(new Prepend(string(key + ".prepend", node.path("prepend"))));
            }
            case "Replace" -> {
                check(key, node, "pattern", "content");
                to.add(new Replace(
                        character(key + ".pattern", pattern(key, node)),
                        character(key + ".content", node.path("content"))));
            }
            default -> throw unsupported(key + ".type", node.path("type"));
        }
    }

    private JsonNode pattern(String key, JsonNode node) {
        JsonNode pattern = node.path("pattern");
        if (!pattern.path("String").isTextual() || pattern.size() != 1) {
            throw unsupported(key + ".pattern", pattern);
        }
        return pattern.path("String");
    }

    private @Nullable Metaspace metaspace(JsonNode node) {
        String key = "pre_tokenizer";
        if (absent(node)) {
            return null;
        }
        if (!type(key, node).equals("Metaspace")) {
            throw unsupported(key + ".type", node.path("type"));
        }
        unknownKeys.addAll(METASPACE.check(file.toString(), key + ".", node));
        JsonNode scheme = node.path("prepend_scheme");
        PrependScheme prepend = absent(scheme)
                ? PrependScheme.ALWAYS
                : switch (scheme.asText()) {
                    case "first" -> PrependScheme.FIRST;
                    case "always" -> PrependScheme.ALWAYS;
                    case "never" -> PrependScheme.NEVER;
                    default -> throw unsupported(key + ".prepend_scheme", scheme);
                };
        // The older name of the scheme.
        if (!flag(key + ".add_prefix_space", node.path("add_prefix_space"), true)) {
            if (!absent(scheme) && prepend != PrependScheme.NEVER) {
                throw new BadInputException(
                        file + ": \"" + key + ".add_prefix_space\" is false but \"prepend_scheme\" is "
                                + scheme.asText() + "; remove one of them");
            }
            prepend = PrependScheme.NEVER;
        }
        return new Metaspace(
                character(key + ".replacement", node.path("replacement")),
                prepend,
                flag(key + ".split", node.path("split"), true));
    }

    private Decoder decoder(JsonNode node) {
        if (absent(node)) {
            throw new BadInputException(file + ": has no \"decoder\"; " + WHAT_TO_DO);
        }
        String from = null;
        String to = "";
        boolean byteFallback = false;
        boolean fuse = false;
        char strip = ' ';
        int stripped = 0;
        int last = -1;
        for (Part part : decoderParts(node)) {
            String type = type(part.key, part.node);
            int order = DECODERS.indexOf(type);
            if (order <= last) {
                throw unsupported(part.key + ".type", part.node.path("type"));
            }
            last = order;
            switch (type) {
                case "Replace" -> {
                    check(part.key, part.node, "pattern", "content");
                    from = string(part.key + ".pattern", pattern(part.key, part.node));
                    to = anyString(part.key + ".content", part.node.path("content"));
                }
                case "ByteFallback" -> {
                    check(part.key, part.node);
                    byteFallback = true;
                }
                case "Fuse" -> {
                    check(part.key, part.node);
                    fuse = true;
                }
                default -> {
                    check(part.key, part.node, "content", "start", "stop");
                    if (!fuse || part.node.path("stop").asInt(-1) != 0) {
                        throw unsupported(part.key, part.node);
                    }
                    strip = character(part.key + ".content", part.node.path("content"));
                    stripped = part.node.path("start").asInt(-1);
                    if (stripped < 0) {
                        throw unsupported(part.key + ".start", part.node.path("start"));
                    }
                }
            }
        }
        return new Decoder(from, to, byteFallback, strip, stripped);
    }

    /** Component of a sequence with its path in the file. */
    private record Part(String key, JsonNode node) {}

    private List<Part> decoderParts(JsonNode node) {
        if (!type("decoder", node).equals("Sequence")) {
            return List.of(new Part("decoder", node));
        }
        check("decoder", node, "decoders");
        List<Part> parts = new ArrayList<>();
        for (JsonNode part : list("decoder.decoders", node.path("decoders"))) {
            parts.add(new Part("decoder.decoders[" + parts.size() + "]", part));
        }
        return parts;
    }

    /** The token before the text in the template of one sequence. */
    private @Nullable String bosToken(JsonNode node) {
        String key = "post_processor";
        if (absent(node)) {
            return null;
        }
        if (!type(key, node).equals("TemplateProcessing")) {
            throw unsupported(key + ".type", node.path("type"));
        }
        unknownKeys.addAll(TEMPLATE.check(file.toString(), key + ".", node));
        JsonNode single = list(key + ".single", node.path("single"));
        Iterator<JsonNode> parts = single.iterator();
        JsonNode first = parts.hasNext() ? parts.next() : MissingNode.getInstance();
        JsonNode bos = first.path("SpecialToken").path("id");
        JsonNode sequence = bos.isTextual() && parts.hasNext() ? parts.next() : first;
        if (!sequence.has("Sequence") || parts.hasNext()) {
            throw new BadInputException(file + ": \"" + key + ".single\" is " + shortened(single)
                    + "; only a BOS token before the text is supported");
        }
        if (!bos.isTextual()) {
            return null;
        }
        JsonNode tokens = node.path("special_tokens").path(bos.textValue()).path("tokens");
        if (tokens.size() != 1 || !tokens.get(0).isTextual()) {
            throw new BadInputException(
                    file + ": \"" + key + ".special_tokens\" must name one token for \"" + bos.textValue() + "\"");
        }
        return tokens.get(0).textValue();
    }

    private void check(String key, JsonNode node, String... known) {
        unknownKeys.addAll(
                ConfigKeys.builder().read("type").read(known).build().check(file.toString(), key + ".", node));
    }

    private String type(String key, JsonNode node) {
        if (!node.path("type").isTextual()) {
            throw new BadInputException(
                    file + ": \"" + key + "\" must be an object with \"type\", is " + shortened(node));
        }
        return node.get("type").textValue();
    }

    private JsonNode list(String key, JsonNode node) {
        if (!node.isArray()) {
            throw new BadInputException(file + ": \"" + key + "\" must be a list, is " + shortened(node));
        }
        return node;
    }

    private boolean flag(String key, JsonNode node, boolean otherwise) {
        if (absent(node)) {
            return otherwise;
        }
        if (!node.isBoolean()) {
            throw new BadInputException(file + ": \"" + key + "\" must be true or false, is " + shortened(node));
        }
        return node.booleanValue();
    }

    private String anyString(String key, JsonNode node) {
        if (!node.isTextual()) {
            throw new BadInputException(file + ": \"" + key + "\" must be a string, is " + shortened(node));
        }
        return node.textValue();
    }

    private String string(String key, JsonNode node) {
        if (anyString(key, node).isEmpty()) {
            throw unsupported(key, node);
        }
        return node.textValue();
    }

    private char character(String key, JsonNode node) {
        if (anyString(key, node).length() != 1) {
            throw unsupported(key, node);
        }
        return node.textValue().charAt(0);
    }

    private BadInputException unsupported(String key, JsonNode value) {
        return new BadInputException(file + ": \"" + key + "\" is " + shortened(value) + "; " + WHAT_TO_DO);
    }

    static boolean absent(JsonNode node) {
        return node.isMissingNode() || node.isNull();
    }

    static String shortened(JsonNode node) {
        String text = node.isMissingNode()
                ? "missing"
                : node.isContainerNode() && node.size() > 8
                        ? "a " + (node.isArray() ? "list" : "object") + " of " + node.size()
                        : node.toString();
        return text.length() <= 100 ? text : text.substring(0, 100) + " ...";
    }
}

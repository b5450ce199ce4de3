package org.llava4j.data.tokenizer;

import static org.llava4j.data.config.ConfigKeys.OFF;
import static org.llava4j.data.config.ConfigKeys.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.config.ConfigKeys;
import org.llava4j.data.config.ConfigWarnings;

/**
 * Settings of the JSON files beside {@code tokenizer.model} or {@code tokenizer.json}. All files are optional. Beside
 * {@code tokenizer.model}, precedence is that of the slow tokenizer of transformers.
 *
 * <ul>
 * <li>If {@code tokenizer_config.json} has {@code added_tokens_decoder}, it defines the added tokens. Tokens that only
 * {@code added_tokens.json} has are added with a warning.
 * <li>Otherwise {@code added_tokens.json} and {@code tokenizer.json} define the added tokens, and
 * {@code special_tokens_map.json} overrides the config.
 * <li>Without any file the special tokens are LLaMA's {@code <unk>}, {@code <s>} and {@code </s>}.
 * </ul>
 */
record TokenizerConfig(SpecialTokens specials, TokenizerSettings settings) {
    private static final String CONFIG = TokenizerFiles.CONFIG;
    private static final String MAP = TokenizerFiles.SPECIAL_TOKENS_MAP;
    private static final String ADDED = TokenizerFiles.ADDED_TOKENS;
    private static final String FAST = TokenizerFiles.JSON;
    private static final String ADD_BOS = "add_bos_token";
    private static final String DECODER = "added_tokens_decoder";

    private static final String UNSUPPORTED = "LLaVA4J does not support it; set it to false or remove it";

    private static final ConfigKeys KEYS = ConfigKeys.builder()
            .read(DECODER, "unk_token", "bos_token", "eos_token", "pad_token", "sep_token", "cls_token", "mask_token")
            .read("additional_special_tokens", "extra_special_tokens", "legacy", "add_bos_token", "add_prefix_space")
            .only(
                    OFF,
                    "an EOS token after each chunk of a prompt would end the answer before it starts; set it to false",
                    "add_eos_token")
            .only(OFF, UNSUPPORTED, "clean_up_tokenization_spaces", "split_special_tokens", "do_lower_case")
            .only(OFF, "options of SentencePiece are not supported; remove it", "sp_model_kwargs")
            .only(
                    text("LlamaTokenizer", "LlamaTokenizerFast", "PreTrainedTokenizerFast", "TokenizersBackend"),
                    "only the LLaMA tokenizer (LlamaTokenizer) is supported; use a model with it",
                    "tokenizer_class")
            // Lengths and padding sides have other flags; prompts come from the conversation template.
            .ignored("model_max_length", "max_length", "padding_side", "truncation_side", "truncation_strategy")
            .ignored("pad_to_multiple_of", "pad_token_type_id", "stride", "model_input_names", "chat_template")
            .ignored("use_default_system_prompt", "spaces_between_special_tokens", "name_or_path", "processor_class")
            .ignored("special_tokens_map_file", "tokenizer_file", "vocab_file", "use_fast", "from_slow")
            .ignored("trust_remote_code", "is_local", "local_files_only", "backend", "image_token", "verbose")
            .ignored("_commit_hash", "device_map", "token", "cache_dir", "padding")
            .build();

    /** Keys of {@code special_tokens_map.json}. */
    private static final ConfigKeys MAP_KEYS = ConfigKeys.builder()
            .read("unk_token", "bos_token", "eos_token", "pad_token", "sep_token", "cls_token", "mask_token")
            .read("additional_special_tokens", "extra_special_tokens", "image_token")
            .build();

    /**
     * Reads the files of a folder whose pieces are in {@code tokenizer.model}.
     *
     * @throws BadInputException if a file is invalid, contradicts another, or requires an unsupported feature
     */
    static TokenizerConfig read(Path folder, Vocabulary vocabulary) {
        AddedTokens tokens = new AddedTokens(vocabulary, false);
        NamedTokens named = NamedTokens.read(folder, tokens);
        JsonNode decoder = named.config.path(DECODER);
        Path added = folder.resolve(ADDED);
        if (named.hasDecoder()) {
            tokens.addDecoder(named.configFile, decoder);
            addBesideDecoder(added, tokens);
        } else {
            tokens.addIds(added, object(added));
            Path fast = folder.resolve(FAST);
            tokens.addList(fast, object(fast).path("added_tokens"));
        }
        boolean addsBegin = named.flag(ADD_BOS, true);
        SpecialTokens specials = named.specials(tokens, addsBegin);
        return new TokenizerConfig(
                specials,
                new TokenizerSettings(named.flag("legacy", true), addsBegin, named.flag("add_prefix_space", true)));
    }

    /**
     * Reads the files of a folder whose pieces are in {@code tokenizer.json}, which also defines the added tokens and
     * whether a BOS token is added. The other files may add tokens, change their flags, and name the special ones.
     *
     * @param file the {@code tokenizer.json}
     * @throws BadInputException as {@link #read(Path, Vocabulary)}
     */
    static TokenizerConfig read(Path folder, Path file, TokenizerJson json) {
        AddedTokens tokens = new AddedTokens(json.vocabulary(), true);
        NamedTokens named = NamedTokens.read(folder, tokens);
        tokens.addList(file, json.addedTokens());
        tokens.overrideDecoder(named.configFile, named.config.path(DECODER));
        Path added = folder.resolve(ADDED);
        tokens.addMissingIds(added, object(added));
        String bos = json.bosToken();
        SpecialTokens specials = named.specials(tokens, bos != null);
        if (bos != null && !tokens.is(specials.bos(), bos)) {
            throw new BadInputException(file + ": \"post_processor\" puts \"" + bos
                    + "\" before a text, but the BOS token is another; name it as \"bos_token\" in " + CONFIG);
        }
        JsonNode addBos = named.config.path(ADD_BOS);
        if (addBos.isBoolean() && addBos.booleanValue() != (bos != null)) {
            ConfigWarnings.report(
                    named.configFile,
                    "\"" + ADD_BOS + "\" is " + addBos + " but \"post_processor\" of " + FAST + " adds "
                            + (bos == null ? "no token" : bos) + "; the latter is used, as in transformers");
        }
        return new TokenizerConfig(specials, new TokenizerSettings(false, bos != null, true));
    }

    private static JsonNode object(Path file) {
        return Files.exists(file) ? JsonInput.readBoundedObject(file) : JsonNodeFactory.instance.objectNode();
    }

    /**
     * Adds the tokens that {@code added_tokens_decoder} lacks, and reports them, because transformers treats them as
     * plain text.
     */
    private static void addBesideDecoder(Path file, AddedTokens tokens) {
        ObjectNode missing = JsonNodeFactory.instance.objectNode();
        for (Map.Entry<String, JsonNode> entry : object(file).properties()) {
            if (!tokens.has(entry.getKey())) {
                missing.set(entry.getKey(), entry.getValue());
            }
        }
        if (!missing.isEmpty()) {
            tokens.addIds(file, missing);
            List<String> names = new ArrayList<>();
            missing.fieldNames().forEachRemaining(names::add);
            ConfigWarnings.report(
                    file,
                    String.join(", ", names) + " not in \"" + DECODER + "\" of " + CONFIG
                            + ", so transformers treats them as plain text; add them there");
        }
    }

    /** The special tokens that {@code tokenizer_config.json} and {@code special_tokens_map.json} name. */
    private record NamedTokens(Path configFile, JsonNode config, Path mapFile, JsonNode map, AddedTokens parser) {
        static NamedTokens read(Path folder, AddedTokens parser) {
            Path file = folder.resolve(CONFIG);
            JsonNode config = object(file);
            if (!config.isEmpty()) {
                KEYS.check(file, config);
            }
            Path mapFile = folder.resolve(MAP);
            JsonNode map = JsonNodeFactory.instance.objectNode();
            if (!config.hasNonNull(DECODER)) {
                map = object(mapFile);
                if (!map.isEmpty()) {
                    MAP_KEYS.check(mapFile, map);
                }
            }
            return new NamedTokens(file, config, mapFile, map, parser);
        }

        boolean hasDecoder() {
            return config.hasNonNull(DECODER);
        }

        /** Adds the named tokens and returns their ids with all added tokens. */
        SpecialTokens specials(AddedTokens tokens, boolean addsBegin) {
            int unknown = tokens.markSpecial(required("unk_token", "<unk>"));
            int begin = isNull("bos_token") ? noBos(addsBegin) : tokens.markSpecial(required("bos_token", "<s>"));
            int end = tokens.markSpecial(required("eos_token", "</s>"));
            tokens.addMissing(others());
            int pad = token("pad_token", "").content().isEmpty() ? unknown : tokens.markSpecial(token("pad_token", ""));
            return new SpecialTokens(unknown, begin, end, pad, tokens.byId());
        }

        private int noBos(boolean addsBegin) {
            if (addsBegin) {
                throw new BadInputException(file("bos_token") + ": \"bos_token\" is null but \"add_bos_token\" is not"
                        + " false; name the token or set add_bos_token to false");
            }
            return SpecialTokens.NONE;
        }

        private JsonNode node(String key) {
            return map.has(key) ? map.get(key) : config.path(key);
        }

        Path file(String key) {
            return map.has(key) ? mapFile : configFile;
        }

        boolean isNull(String key) {
            return node(key).isNull();
        }

        boolean flag(String key, boolean absent) {
            if (!config.hasNonNull(key)) {
                return absent;
            }
            JsonNode value = config.get(key);
            if (!value.isBoolean()) {
                throw new BadInputException(configFile + ": \"" + key + "\" must be true or false, is " + value);
            }
            return value.booleanValue();
        }

        AddedToken token(String key, String otherwise) {
            JsonNode node = node(key);
            return TokenizerJsonReader.absent(node)
                    ? AddedToken.of(-1, otherwise, true)
                    : parser.token(file(key), key, -1, node, true);
        }

        /** A token that every LLaMA tokenizer has. */
        AddedToken required(String key, String otherwise) {
            if (isNull(key)) {
                throw new BadInputException(
                        file(key) + ": \"" + key + "\" is null; name the token, LLaMA's is " + otherwise);
            }
            return token(key, otherwise);
        }

        /** Tokens that are added if the vocabulary lacks them, in the order of transformers. */
        List<AddedToken> others() {
            List<AddedToken> others = new ArrayList<>();
            for (String key : List.of("sep_token", "pad_token", "cls_token", "mask_token")) {
                if (!token(key, "").content().isEmpty()) {
                    others.add(token(key, ""));
                }
            }
            for (String key : List.of("additional_special_tokens", "extra_special_tokens")) {
                others.addAll(list(configFile, key, config.path(key)));
                others.addAll(list(mapFile, key, map.path(key)));
            }
            return others;
        }

        private List<AddedToken> list(Path file, String key, JsonNode nodes) {
            if (!nodes.isContainerNode() && !nodes.isMissingNode() && !nodes.isNull()) {
                throw new BadInputException(file + ": \"" + key + "\" must be a list of tokens, is " + nodes);
            }
            List<AddedToken> tokens = new ArrayList<>();
            for (JsonNode node : nodes) {
                tokens.add(parser.token(file, key, -1, node, true));
            }
            return tokens;
        }
    }
}

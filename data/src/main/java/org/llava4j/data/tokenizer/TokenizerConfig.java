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
 * Settings of the JSON files beside {@code tokenizer.model}. All files are optional; precedence is that of the slow
 * tokenizer of transformers.
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
    private static final String CONFIG = "tokenizer_config.json";
    private static final String MAP = "special_tokens_map.json";
    private static final String ADDED = "added_tokens.json";
    private static final String FAST = "tokenizer.json";
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
     * Reads the files of a folder.
     *
     * @throws BadInputException if a file is invalid, contradicts another, or requires an unsupported feature
     */
    static TokenizerConfig read(Path folder, SentencePieceModel model) {
        Path file = folder.resolve(CONFIG);
        JsonNode config = object(file);
        if (!config.isEmpty()) {
            KEYS.check(file, config);
        }
        AddedTokens tokens = new AddedTokens(model);
        JsonNode map = JsonNodeFactory.instance.objectNode();
        Path added = folder.resolve(ADDED);
        if (config.hasNonNull(DECODER)) {
            tokens.addDecoder(file, config.get(DECODER));
            addBesideDecoder(added, tokens);
        } else {
            tokens.addIds(added, object(added));
            Path fast = folder.resolve(FAST);
            tokens.addList(fast, object(fast).path("added_tokens"));
            Path mapFile = folder.resolve(MAP);
            map = object(mapFile);
            if (!map.isEmpty()) {
                MAP_KEYS.check(mapFile, map);
            }
        }
        NamedTokens named = new NamedTokens(file, config, folder.resolve(MAP), map);
        boolean addsBegin = named.flag("add_bos_token", true);
        int unknown = tokens.markSpecial(named.required("unk_token", "<unk>"));
        int begin = named.isNull("bos_token")
                ? noBos(named, addsBegin)
                : tokens.markSpecial(named.required("bos_token", "<s>"));
        int end = tokens.markSpecial(named.required("eos_token", "</s>"));
        tokens.addMissing(named.others());
        int pad = named.token("pad_token", "").content().isEmpty()
                ? unknown
                : tokens.markSpecial(named.token("pad_token", ""));
        return new TokenizerConfig(
                new SpecialTokens(unknown, begin, end, pad, tokens.byId()),
                new TokenizerSettings(named.flag("legacy", true), addsBegin, named.flag("add_prefix_space", true)));
    }

    private static int noBos(NamedTokens named, boolean addsBegin) {
        if (addsBegin) {
            throw new BadInputException(named.file("bos_token") + ": \"bos_token\" is null but \"add_bos_token\" is not"
                    + " false; name the token or set add_bos_token to false");
        }
        return SpecialTokens.NONE;
    }

    private static JsonNode object(Path file) {
        return Files.exists(file) ? JsonInput.readObject(file) : JsonNodeFactory.instance.objectNode();
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
    private record NamedTokens(Path configFile, JsonNode config, Path mapFile, JsonNode map) {
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
            JsonNode value = config.path(key);
            if (value.isMissingNode() || value.isNull()) {
                return absent;
            }
            if (!value.isBoolean()) {
                throw new BadInputException(configFile + ": \"" + key + "\" must be true or false, is " + value);
            }
            return value.booleanValue();
        }

        AddedToken token(String key, String otherwise) {
            JsonNode node = node(key);
            return node.isMissingNode() || node.isNull()
                    ? new AddedToken(-1, otherwise, true, false, false)
                    : AddedTokens.token(file(key), key, -1, node, true);
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

        private static List<AddedToken> list(Path file, String key, JsonNode nodes) {
            if (!nodes.isContainerNode() && !nodes.isMissingNode() && !nodes.isNull()) {
                throw new BadInputException(file + ": \"" + key + "\" must be a list of tokens, is " + nodes);
            }
            List<AddedToken> tokens = new ArrayList<>();
            for (JsonNode node : nodes) {
                tokens.add(AddedTokens.token(file, key, -1, node, true));
            }
            return tokens;
        }
    }
}

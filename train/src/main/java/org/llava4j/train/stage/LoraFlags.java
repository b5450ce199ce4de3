package org.llava4j.train.stage;

import static org.llava4j.data.cli.Command.decimal;
import static org.llava4j.data.cli.Command.flag;
import static org.llava4j.data.cli.Command.integer;
import static org.llava4j.data.cli.Command.repeatable;
import static org.llava4j.data.cli.Command.toggle;

import java.util.List;
import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.BadInputException;
import org.llava4j.model.lora.LoraConfig;

/** LLaVA's flags of LoRA: they turn it on in a stage, or change the values of one that has it. */
final class LoraFlags {
    private static final String ENABLE = "lora-enable";
    private static final String RANK = "lora-r";
    private static final String ALPHA = "lora-alpha";
    private static final String DROPOUT = "lora-dropout";
    private static final String TARGETS = "lora-target-modules";

    private static final List<String> TRAINABLE = List.of("model\\.mm_projector\\..+", Stage.LORA_WEIGHTS);

    private LoraFlags() {}

    static void add(Options options) {
        options.addOption(toggle(
                        ENABLE,
                        "adapters beside the frozen decoder learn, and the projector; the output is the adapter"))
                .addOption(flag(RANK, "N", "rank of LoRA (default 64)"))
                .addOption(flag(ALPHA, "REAL", "what its products are multiplied by, times the rank (default 16)"))
                .addOption(flag(DROPOUT, "REAL", "share of its inputs that is dropped (default 0.05)"))
                .addOption(repeatable(TARGETS, "REGEX", "whole names of weights; may be given several times"));
    }

    /** The keys of a stage that the flags change. */
    static void addChanges(CommandLine line, Stage stage, Map<String, Object> changes) {
        boolean on = line.hasOption(ENABLE) || stage.lora() != null;
        for (String name : List.of(RANK, ALPHA, DROPOUT, TARGETS)) {
            if (line.hasOption(name) && !on) {
                throw new BadInputException("--" + name + " changes nothing in a stage without LoRA; turn it on (--"
                        + ENABLE + ") or take the recipe " + Stages.FINETUNE_LORA);
            }
        }
        if (!on) {
            return;
        }
        LoraConfig base = stage.lora() == null ? LoraConfig.LLAVA : stage.lora();
        changes.put(
                "lora",
                new LoraConfig(
                        integer(line, RANK, base.rank()),
                        decimal(line, ALPHA, base.alpha()),
                        decimal(line, DROPOUT, base.dropout()),
                        line.hasOption(TARGETS) ? List.of(line.getOptionValues(TARGETS)) : base.targets()));
        if (stage.lora() == null) {
            changes.put("trainable", TRAINABLE);
        }
    }
}

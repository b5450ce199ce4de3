package org.llava4j.model;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.junit.ArchTests;
import com.tngtech.archunit.lang.ArchRule;
import org.llava4j.testing.ArchitectureRules;

/**
 * Layering of the model module: kernels do the arithmetic, samediff runs them in SameDiff, ops combine both, the model
 * consists of ops, and weights, features, generate and chat build on the model. No package depends on a higher one.
 */
@AnalyzeClasses(packages = "org.llava4j.model", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchTests rulesOfAllModules = ArchTests.in(ArchitectureRules.class);

    @ArchTest
    static final ArchRule modelDoesNotDependOnTrainOrEval =
            noClasses().should().dependOnClassesThat().resideInAnyPackage("org.llava4j.train..", "org.llava4j.eval..");

    @ArchTest
    static final ArchRule networkDoesNotDependOnItsUsers = noClasses()
            .that()
            .resideInAPackage("org.llava4j.model")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "org.llava4j.model.weights..",
                    "org.llava4j.model.folder..",
                    "org.llava4j.model.features..",
                    "org.llava4j.model.schema..",
                    "org.llava4j.model.generate..",
                    "org.llava4j.model.chat..");

    @ArchTest
    static final ArchRule memoryDoesNotDependOnItsUsers = noClasses()
            .that()
            .resideInAPackage("org.llava4j.model.memory")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.llava4j.model", "org.llava4j.model.kernels..", "org.llava4j.model.samediff..");

    @ArchTest
    static final ArchRule kernelsDoNotDependOnGraphs = noClasses()
            .that()
            .resideInAPackage("org.llava4j.model.kernels")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "org.nd4j.autodiff..",
                    "org.llava4j.model",
                    "org.llava4j.model.ops..",
                    "org.llava4j.model.samediff..",
                    "org.llava4j.model.weights..");

    @ArchTest
    static final ArchRule samediffDoesNotDependOnOps = noClasses()
            .that()
            .resideInAPackage("org.llava4j.model.samediff")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.llava4j.model", "org.llava4j.model.ops..", "org.llava4j.model.weights..");

    @ArchTest
    static final ArchRule opsDoNotDependOnModel = noClasses()
            .that()
            .resideInAPackage("org.llava4j.model.ops")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.llava4j.model", "org.llava4j.model.weights..", "org.llava4j.model.config..");
}

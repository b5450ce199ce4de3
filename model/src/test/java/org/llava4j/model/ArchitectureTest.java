package org.llava4j.model;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/**
 * The graph is built upwards: kernels compute, the hooks let SameDiff run them, operations join both, the parts of the
 * model are made of operations; none of these knows what comes after it.
 */
@AnalyzeClasses(packages = "org.llava4j.model", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule theModelKnowsNothingOfWhatIsDoneWithIt =
            noClasses().should().dependOnClassesThat().resideInAnyPackage("org.llava4j.train..", "org.llava4j.eval..");

    @ArchTest
    static final ArchRule kernelsKnowNothingOfGraphs = noClasses()
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
    static final ArchRule hooksKnowNoOperation = noClasses()
            .that()
            .resideInAPackage("org.llava4j.model.samediff")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.llava4j.model", "org.llava4j.model.ops..", "org.llava4j.model.weights..");

    @ArchTest
    static final ArchRule operationsKnowNoModel = noClasses()
            .that()
            .resideInAPackage("org.llava4j.model.ops")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.llava4j.model", "org.llava4j.model.weights..", "org.llava4j.model.config..");
}

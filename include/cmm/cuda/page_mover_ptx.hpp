#pragma once

// Written by tools/ptx/write.py with nvcc 13.0 from tools/ptx/page_mover.cu, dee256364500bfd7.

namespace cmm::cuda::ptx {

/// Threads load and store; any GPU of compute capability 8.0 or newer.
inline constexpr const char* page_mover_by_registers = R"(
.version 9.0
.target sm_80
.address_size 64
.visible .entry cmm_move_pages_by_registers( .param .align 8 .b8 cmm_move_pages_by_registers_param_0[64] )
.maxntid 512, 1, 1 .minnctapersm 1 { .reg .pred %p<90>; .reg .b16 %rs<3>; .reg .b32 %r<1064>; .reg .b64
%rd<251>; .shared .align 4 .b8 _ZZ27cmm_move_pages_by_registersE4room[4096]; ld.param.v2.u32 {%r441, %r442},
[cmm_move_pages_by_registers_param_0+32]; ld.param.v2.u32 {%r443, %r444},
[cmm_move_pages_by_registers_param_0+40]; ld.param.u32 %r5, [cmm_move_pages_by_registers_param_0+48];
ld.param.u64 %rd1, [cmm_move_pages_by_registers_param_0]; ld.param.u64 %rd65,
[cmm_move_pages_by_registers_param_0+8]; cvta.to.global.u64 %rd2, %rd65; mov.u32 %r445, %tid.x; shl.b32
%r446, %r445, 4; and.b32 %r447, %r446, 496; cvt.u64.u32 %rd3, %r447; or.b32 %r448, %r447, 512; cvt.u64.u32
%rd4, %r448; or.b32 %r449, %r447, 1024; cvt.u64.u32 %rd5, %r449; or.b32 %r450, %r447, 1536; cvt.u64.u32
%rd6, %r450; or.b32 %r451, %r447, 2048; cvt.u64.u32 %rd7, %r451; or.b32 %r452, %r447, 2560; cvt.u64.u32
%rd8, %r452; or.b32 %r453, %r447, 3072; cvt.u64.u32 %rd9, %r453; or.b32 %r454, %r447, 3584; cvt.u64.u32
%rd10, %r454; mov.u32 %r789, 0; $L__BB0_1: ld.param.u32 %r790, [cmm_move_pages_by_registers_param_0+32];
mov.u32 %r455, %ctaid.x; add.s32 %r456, %r789, %r455; mul.wide.u32 %rd66, %r456, -1431655765; shr.u64 %rd67,
%rd66, 33; cvt.u32.u64 %r457, %rd67; mul.lo.s32 %r458, %r457, 3; sub.s32 %r8, %r456, %r458; cvt.u16.u32
%rs1, %r8; and.b16 %rs2, %rs1, 255; setp.eq.s16 %p2, %rs2, 0; @%p2 bra $L__BB0_4; setp.ne.s16 %p3, %rs1, 1;
mov.u32 %r790, %r442; @%p3 bra $L__BB0_3; bra.uni $L__BB0_4; $L__BB0_3: mov.u32 %r790, %r443; $L__BB0_4:
mul.wide.u32 %rd11, %r5, %r790; cvt.u64.u32 %rd68, %r455; mul.lo.s64 %rd12, %rd11, %rd68; and.b64 %rd69,
%rd12, -4294967296; setp.eq.s64 %p4, %rd69, 0; @%p4 bra $L__BB0_6; mov.u32 %r460, %nctaid.x; cvt.u64.u32
%rd70, %r460; div.u64 %rd242, %rd12, %rd70; bra.uni $L__BB0_7; $L__BB0_6: mov.u32 %r461, %nctaid.x;
cvt.u32.u64 %r462, %rd12; div.u32 %r463, %r462, %r461; cvt.u64.u32 %rd242, %r463; $L__BB0_7: add.s32 %r465,
%r455, 1; cvt.u64.u32 %rd71, %r465; mul.lo.s64 %rd16, %rd11, %rd71; and.b64 %rd72, %rd16, -4294967296;
setp.eq.s64 %p5, %rd72, 0; @%p5 bra $L__BB0_9; mov.u32 %r466, %nctaid.x; cvt.u64.u32 %rd73, %r466; div.u64
%rd243, %rd16, %rd73; bra.uni $L__BB0_10; $L__BB0_9: mov.u32 %r467, %nctaid.x; cvt.u32.u64 %r468, %rd16;
div.u32 %r469, %r468, %r467; cvt.u64.u32 %rd243, %r469; $L__BB0_10: setp.ge.u64 %p6, %rd242, %rd243; @%p6
bra $L__BB0_134; add.s64 %rd20, %rd243, -1; and.b64 %rd74, %rd20, -4294967296; setp.eq.s64 %p7, %rd74, 0;
@%p7 bra $L__BB0_13; cvt.u64.u32 %rd75, %r5; div.u64 %rd244, %rd20, %rd75; bra.uni $L__BB0_14; $L__BB0_13:
cvt.u32.u64 %r470, %rd20; div.u32 %r471, %r470, %r5; cvt.u64.u32 %rd244, %r471; $L__BB0_14: and.b64 %rd76,
%rd242, -4294967296; setp.eq.s64 %p8, %rd76, 0; @%p8 bra $L__BB0_16; cvt.u64.u32 %rd77, %r5; div.u64 %rd246,
%rd242, %rd77; bra.uni $L__BB0_17; $L__BB0_16: cvt.u32.u64 %r472, %rd242; div.u32 %r473, %r472, %r5;
cvt.u64.u32 %rd246, %r473; $L__BB0_17: cvt.u64.u32 %rd78, %r445; add.s64 %rd27, %rd246, %rd78; setp.gt.u64
%p9, %rd27, %rd244; mov.u32 %r795, 0; mov.u32 %r796, %r795; @%p9 bra $L__BB0_19; setp.eq.s32 %p10, %r8, 0;
setp.eq.s32 %p11, %r8, 1; selp.b32 %r477, 0, %r442, %p11; add.s32 %r478, %r441, %r477; selp.b32 %r479, 0,
%r478, %p10; cvt.u64.u32 %rd79, %r479; add.s64 %rd80, %rd27, %rd79; cvta.to.global.u64 %rd81, %rd1; shl.b64
%rd82, %rd80, 3; add.s64 %rd83, %rd81, %rd82; ld.global.u32 %r796, [%rd83+4]; ld.global.u32 %r795, [%rd83];
$L__BB0_19: setp.gt.u64 %p12, %rd246, %rd244; @%p12 bra $L__BB0_134; $L__BB0_20: cvt.u64.u32 %rd203, %r445;
bar.sync 0; shl.b32 %r481, %r445, 3; mov.u32 %r482, _ZZ27cmm_move_pages_by_registersE4room; add.s32 %r483,
%r482, %r481; st.shared.u32 [%r483], %r795; st.shared.u32 [%r483+4], %r796; bar.sync 0; add.s64 %rd85,
%rd246, %rd203; add.s64 %rd29, %rd85, 512; setp.gt.u64 %p13, %rd29, %rd244; @%p13 bra $L__BB0_22;
setp.eq.s32 %p14, %r8, 0; setp.eq.s32 %p15, %r8, 1; selp.b32 %r484, 0, %r442, %p15; add.s32 %r485, %r441,
%r484; selp.b32 %r486, 0, %r485, %p14; cvt.u64.u32 %rd86, %r486; add.s64 %rd87, %rd29, %rd86;
cvta.to.global.u64 %rd88, %rd1; shl.b64 %rd89, %rd87, 3; add.s64 %rd90, %rd88, %rd89; ld.global.u32 %r796,
[%rd90+4]; ld.global.u32 %r795, [%rd90]; $L__BB0_22: cvt.u64.u32 %rd30, %r5; mul.lo.s64 %rd91, %rd246,
%rd30; max.u64 %rd92, %rd242, %rd91; sub.s64 %rd93, %rd92, %rd91; cvt.u32.u64 %r487, %rd93; sub.s64 %rd94,
%rd243, %rd91; mul.wide.u32 %rd95, %r5, 512; min.u64 %rd96, %rd94, %rd95; cvt.u32.u64 %r24, %rd96; shr.u32
%r489, %r445, 5; add.s32 %r863, %r489, %r487; setp.ge.u32 %p16, %r863, %r24; @%p16 bra $L__BB0_133;
cvt.u32.u64 %r491, %rd30; div.u32 %r867, %r863, %r491; mul.lo.s32 %r492, %r867, %r491; sub.s32 %r906, %r863,
%r492; $L__BB0_24: mov.u32 %r866, 0; setp.gt.u32 %p17, %r444, 1; @%p17 bra $L__BB0_25; bra.uni $L__BB0_27;
$L__BB0_25: mov.u32 %r864, %r444; $L__BB0_26: cvt.u64.u32 %rd213, %r906; add.s32 %r495, %r864, %r866;
shr.u32 %r496, %r495, 1; mul.wide.u32 %rd97, %r496, 40; add.s64 %rd98, %rd2, %rd97; ld.global.u64 %rd99,
[%rd98+32]; setp.le.u64 %p18, %rd99, %rd213; selp.b32 %r866, %r496, %r866, %p18; selp.b32 %r864, %r864,
%r496, %p18; sub.s32 %r497, %r864, %r866; setp.gt.u32 %p19, %r497, 1; @%p19 bra $L__BB0_26; $L__BB0_27:
mov.u32 %r768, _ZZ27cmm_move_pages_by_registersE4room; shl.b32 %r498, %r867, 3; add.s32 %r500, %r768, %r498;
mul.wide.u32 %rd100, %r866, 40; add.s64 %rd101, %rd2, %rd100; ld.global.u64 %rd102, [%rd101+32]; cvt.u64.u32
%rd103, %r906; sub.s64 %rd104, %rd103, %rd102; shl.b64 %rd105, %rd104, 12; ld.global.u64 %rd106,
[%rd101+24]; sub.s64 %rd107, %rd106, %rd105; ld.shared.u32 %rd108, [%r500]; ld.global.u64 %rd109,
[%rd101+16]; mul.lo.s64 %rd110, %rd109, %rd108; add.s64 %rd32, %rd110, %rd105; ld.global.u64 %rd33,
[%rd101]; ld.shared.u32 %rd111, [%r500+4]; mul.lo.s64 %rd112, %rd109, %rd111; add.s64 %rd34, %rd112, %rd105;
ld.global.u64 %rd35, [%rd101+8]; min.u64 %rd113, %rd107, 4096; cvt.u32.u64 %r101, %rd113; add.s32 %r906,
%r906, 16; setp.lt.u32 %p20, %r906, %r5; @%p20 bra $L__BB0_29; div.u32 %r501, %r906, %r5; add.s32 %r867,
%r501, %r867; mul.lo.s32 %r502, %r501, %r5; sub.s32 %r906, %r906, %r502; $L__BB0_29: setp.eq.s32 %p21, %r8,
2; @%p21 bra $L__BB0_68; bra.uni $L__BB0_30; $L__BB0_68: cvt.u32.u64 %r594, %rd3; setp.ge.u32 %p44, %r594,
%r101; @%p44 bra $L__BB0_70; add.s64 %rd218, %rd35, %rd34; add.s64 %rd151, %rd218, %rd3; ld.global.cs.v4.u32
{%r1027,%r1026,%r1025,%r1024}, [%rd151]; $L__BB0_70: cvt.u32.u64 %r599, %rd4; setp.ge.u32 %p45, %r599,
%r101; @%p45 bra $L__BB0_72; add.s64 %rd221, %rd35, %rd4; add.s64 %rd220, %rd221, %rd34; ld.global.cs.v4.u32
{%r824,%r823,%r822,%r821}, [%rd220]; $L__BB0_72: cvt.u32.u64 %r604, %rd5; setp.ge.u32 %p46, %r604, %r101;
@%p46 bra $L__BB0_74; add.s64 %rd223, %rd35, %rd5; add.s64 %rd222, %rd223, %rd34; ld.global.cs.v4.u32
{%r820,%r819,%r818,%r817}, [%rd222]; $L__BB0_74: cvt.u32.u64 %r609, %rd6; setp.ge.u32 %p47, %r609, %r101;
@%p47 bra $L__BB0_76; add.s64 %rd225, %rd35, %rd6; add.s64 %rd224, %rd225, %rd34; ld.global.cs.v4.u32
{%r816,%r815,%r814,%r813}, [%rd224]; $L__BB0_76: cvt.u32.u64 %r614, %rd7; setp.ge.u32 %p48, %r614, %r101;
@%p48 bra $L__BB0_78; add.s64 %rd227, %rd35, %rd7; add.s64 %rd226, %rd227, %rd34; ld.global.cs.v4.u32
{%r812,%r811,%r810,%r809}, [%rd226]; $L__BB0_78: cvt.u32.u64 %r619, %rd8; setp.ge.u32 %p49, %r619, %r101;
@%p49 bra $L__BB0_80; add.s64 %rd229, %rd35, %rd8; add.s64 %rd228, %rd229, %rd34; ld.global.cs.v4.u32
{%r808,%r807,%r806,%r805}, [%rd228]; $L__BB0_80: cvt.u32.u64 %r624, %rd9; setp.ge.u32 %p50, %r624, %r101;
@%p50 bra $L__BB0_82; add.s64 %rd212, %rd35, %rd9; add.s64 %rd211, %rd212, %rd34; ld.global.cs.v4.u32
{%r804,%r803,%r802,%r801}, [%rd211]; $L__BB0_82: cvt.u32.u64 %r629, %rd10; setp.ge.u32 %p51, %r629, %r101;
add.s64 %rd164, %rd35, %rd10; add.s64 %rd53, %rd164, %rd34; @%p51 bra $L__BB0_84; ld.global.cs.v4.u32
{%r800,%r799,%r798,%r797}, [%rd53]; $L__BB0_84: cvt.u32.u64 %r770, %rd3; setp.ge.u32 %p81, %r770, %r101;
@%p81 bra $L__BB0_86; add.s64 %rd210, %rd33, %rd32; add.s64 %rd166, %rd210, %rd3; ld.global.cs.v4.u32
{%r911,%r910,%r909,%r908}, [%rd166]; $L__BB0_86: cvt.u32.u64 %r771, %rd4; setp.ge.u32 %p82, %r771, %r101;
@%p82 bra $L__BB0_88; add.s64 %rd231, %rd33, %rd4; add.s64 %rd230, %rd231, %rd32; ld.global.cs.v4.u32
{%r856,%r855,%r854,%r853}, [%rd230]; $L__BB0_88: cvt.u32.u64 %r772, %rd5; setp.ge.u32 %p83, %r772, %r101;
@%p83 bra $L__BB0_90; add.s64 %rd233, %rd33, %rd5; add.s64 %rd232, %rd233, %rd32; ld.global.cs.v4.u32
{%r852,%r851,%r850,%r849}, [%rd232]; $L__BB0_90: cvt.u32.u64 %r773, %rd6; setp.ge.u32 %p84, %r773, %r101;
@%p84 bra $L__BB0_92; add.s64 %rd235, %rd33, %rd6; add.s64 %rd234, %rd235, %rd32; ld.global.cs.v4.u32
{%r848,%r847,%r846,%r845}, [%rd234]; $L__BB0_92: cvt.u32.u64 %r774, %rd7; setp.ge.u32 %p85, %r774, %r101;
@%p85 bra $L__BB0_94; add.s64 %rd237, %rd33, %rd7; add.s64 %rd236, %rd237, %rd32; ld.global.cs.v4.u32
{%r844,%r843,%r842,%r841}, [%rd236]; $L__BB0_94: cvt.u32.u64 %r775, %rd8; setp.ge.u32 %p86, %r775, %r101;
@%p86 bra $L__BB0_96; add.s64 %rd239, %rd33, %rd8; add.s64 %rd238, %rd239, %rd32; ld.global.cs.v4.u32
{%r840,%r839,%r838,%r837}, [%rd238]; $L__BB0_96: cvt.u32.u64 %r779, %rd9; setp.ge.u32 %p88, %r779, %r101;
@%p88 bra $L__BB0_98; add.s64 %rd241, %rd33, %rd9; add.s64 %rd240, %rd241, %rd32; ld.global.cs.v4.u32
{%r836,%r835,%r834,%r833}, [%rd240]; $L__BB0_98: cvt.u32.u64 %r780, %rd10; setp.ge.u32 %p89, %r780, %r101;
add.s32 %r1061, %r863, 16; add.s64 %rd249, %rd33, %rd32; add.s64 %rd250, %rd35, %rd34; add.s64 %rd179,
%rd33, %rd10; add.s64 %rd60, %rd179, %rd32; mov.u32 %r1028, %r101; @%p89 bra $L__BB0_100; add.s32 %r1061,
%r863, 16; add.s64 %rd249, %rd33, %rd32; add.s64 %rd250, %rd35, %rd34; ld.global.cs.v4.u32
{%r1032,%r1031,%r1030,%r1029}, [%rd60]; mov.u32 %r1028, %r101; bra.uni $L__BB0_100; $L__BB0_30: add.s64
%rd215, %rd33, %rd32; add.s64 %rd214, %rd35, %rd34; setp.eq.s32 %p1, %r8, 0; selp.b64 %rd38, %rd214, %rd215,
%p1; cvt.u32.u64 %r503, %rd3; setp.ge.u32 %p22, %r503, %r101; @%p22 bra $L__BB0_32; add.s64 %rd114, %rd38,
%rd3; ld.global.cs.v4.u32 {%r1027,%r1026,%r1025,%r1024}, [%rd114]; $L__BB0_32: cvt.u32.u64 %r508, %rd4;
setp.ge.u32 %p23, %r508, %r101; @%p23 bra $L__BB0_34; add.s64 %rd115, %rd38, %rd4; ld.global.cs.v4.u32
{%r824,%r823,%r822,%r821}, [%rd115]; $L__BB0_34: cvt.u32.u64 %r513, %rd5; setp.ge.u32 %p24, %r513, %r101;
@%p24 bra $L__BB0_36; add.s64 %rd116, %rd38, %rd5; ld.global.cs.v4.u32 {%r820,%r819,%r818,%r817}, [%rd116];
$L__BB0_36: cvt.u32.u64 %r518, %rd6; setp.ge.u32 %p25, %r518, %r101; @%p25 bra $L__BB0_38; add.s64 %rd117,
%rd38, %rd6; ld.global.cs.v4.u32 {%r816,%r815,%r814,%r813}, [%rd117]; $L__BB0_38: cvt.u32.u64 %r523, %rd7;
setp.ge.u32 %p26, %r523, %r101; @%p26 bra $L__BB0_40; add.s64 %rd118, %rd38, %rd7; ld.global.cs.v4.u32
{%r812,%r811,%r810,%r809}, [%rd118]; $L__BB0_40: cvt.u32.u64 %r528, %rd8; setp.ge.u32 %p27, %r528, %r101;
@%p27 bra $L__BB0_42; add.s64 %rd119, %rd38, %rd8; ld.global.cs.v4.u32 {%r808,%r807,%r806,%r805}, [%rd119];
$L__BB0_42: cvt.u32.u64 %r533, %rd9; setp.ge.u32 %p28, %r533, %r101; @%p28 bra $L__BB0_44; add.s64 %rd120,
%rd38, %rd9; ld.global.cs.v4.u32 {%r804,%r803,%r802,%r801}, [%rd120]; $L__BB0_44: cvt.u32.u64 %r538, %rd10;
setp.ge.u32 %p29, %r538, %r101; @%p29 bra $L__BB0_46; add.s64 %rd121, %rd38, %rd10; ld.global.cs.v4.u32
{%r800,%r799,%r798,%r797}, [%rd121]; $L__BB0_46: add.s64 %rd247, %rd33, %rd32; add.s64 %rd248, %rd35, %rd34;
add.s32 %r1061, %r863, 16; selp.b64 %rd249, %rd247, %rd248, %p1; setp.ge.u32 %p30, %r1061, %r24; mov.u32
%r1028, 0; @%p30 bra $L__BB0_52; mov.u32 %r903, 0; setp.gt.u32 %p87, %r444, 1; @%p87 bra $L__BB0_48; bra.uni
$L__BB0_50; $L__BB0_48: mov.u32 %r901, %r444; $L__BB0_49: cvt.u64.u32 %rd219, %r906; add.s32 %r546, %r901,
%r903; shr.u32 %r547, %r546, 1; mul.wide.u32 %rd122, %r547, 40; add.s64 %rd123, %rd2, %rd122; ld.global.u64
%rd124, [%rd123+32]; setp.le.u64 %p32, %rd124, %rd219; selp.b32 %r903, %r547, %r903, %p32; selp.b32 %r901,
%r901, %r547, %p32; sub.s32 %r548, %r901, %r903; setp.gt.u32 %p33, %r548, 1; @%p33 bra $L__BB0_49;
$L__BB0_50: mov.u32 %r769, _ZZ27cmm_move_pages_by_registersE4room; shl.b32 %r549, %r867, 3; add.s32 %r551,
%r769, %r549; mul.wide.u32 %rd125, %r903, 40; add.s64 %rd126, %rd2, %rd125; ld.global.u64 %rd127,
[%rd126+32]; cvt.u64.u32 %rd128, %r906; sub.s64 %rd129, %rd128, %rd127; shl.b64 %rd130, %rd129, 12;
ld.global.u64 %rd131, [%rd126+24]; sub.s64 %rd132, %rd131, %rd130; ld.shared.u32 %rd133, [%r551];
ld.global.u64 %rd134, [%rd126+16]; mul.lo.s64 %rd135, %rd134, %rd133; add.s64 %rd136, %rd135, %rd130;
ld.global.u64 %rd137, [%rd126]; add.s64 %rd247, %rd137, %rd136; ld.shared.u32 %rd138, [%r551+4]; mul.lo.s64
%rd139, %rd134, %rd138; add.s64 %rd140, %rd139, %rd130; ld.global.u64 %rd141, [%rd126+8]; add.s64 %rd248,
%rd141, %rd140; min.u64 %rd142, %rd132, 4096; cvt.u32.u64 %r1028, %rd142; add.s32 %r1061, %r863, 32; add.s32
%r906, %r906, 16; setp.lt.u32 %p34, %r906, %r5; @%p34 bra $L__BB0_52; div.u32 %r552, %r906, %r5; add.s32
%r867, %r552, %r867; mul.lo.s32 %r553, %r552, %r5; sub.s32 %r906, %r906, %r553; $L__BB0_52: cvt.u32.u64
%r759, %rd3; selp.b64 %rd250, %rd247, %rd248, %p1; selp.b64 %rd46, %rd248, %rd247, %p1; setp.ge.u32 %p36,
%r759, %r1028; @%p36 bra $L__BB0_54; add.s64 %rd143, %rd46, %rd3; ld.global.cs.v4.u32
{%r911,%r910,%r909,%r908}, [%rd143]; $L__BB0_54: cvt.u32.u64 %r760, %rd4; setp.ge.u32 %p37, %r760, %r1028;
@%p37 bra $L__BB0_56; add.s64 %rd144, %rd46, %rd4; ld.global.cs.v4.u32 {%r856,%r855,%r854,%r853}, [%rd144];
$L__BB0_56: cvt.u32.u64 %r761, %rd5; setp.ge.u32 %p38, %r761, %r1028; @%p38 bra $L__BB0_58; add.s64 %rd145,
%rd46, %rd5; ld.global.cs.v4.u32 {%r852,%r851,%r850,%r849}, [%rd145]; $L__BB0_58: cvt.u32.u64 %r762, %rd6;
setp.ge.u32 %p39, %r762, %r1028; @%p39 bra $L__BB0_60; add.s64 %rd146, %rd46, %rd6; ld.global.cs.v4.u32
{%r848,%r847,%r846,%r845}, [%rd146]; $L__BB0_60: cvt.u32.u64 %r763, %rd7; setp.ge.u32 %p40, %r763, %r1028;
@%p40 bra $L__BB0_62; add.s64 %rd147, %rd46, %rd7; ld.global.cs.v4.u32 {%r844,%r843,%r842,%r841}, [%rd147];
$L__BB0_62: cvt.u32.u64 %r764, %rd8; setp.ge.u32 %p41, %r764, %r1028; @%p41 bra $L__BB0_64; add.s64 %rd148,
%rd46, %rd8; ld.global.cs.v4.u32 {%r840,%r839,%r838,%r837}, [%rd148]; $L__BB0_64: cvt.u32.u64 %r765, %rd9;
setp.ge.u32 %p42, %r765, %r1028; @%p42 bra $L__BB0_66; add.s64 %rd149, %rd46, %rd9; ld.global.cs.v4.u32
{%r836,%r835,%r834,%r833}, [%rd149]; $L__BB0_66: cvt.u32.u64 %r766, %rd10; setp.ge.u32 %p43, %r766, %r1028;
@%p43 bra $L__BB0_100; add.s64 %rd150, %rd46, %rd10; ld.global.cs.v4.u32 {%r1032,%r1031,%r1030,%r1029},
[%rd150]; $L__BB0_100: cvt.u32.u64 %r674, %rd3; setp.ge.u32 %p60, %r674, %r101; @%p60 bra $L__BB0_102;
add.s64 %rd181, %rd249, %rd3; st.global.cs.v4.u32 [%rd181], {%r1027,%r1026,%r1025,%r1024}; $L__BB0_102:
cvt.u32.u64 %r679, %rd4; setp.ge.u32 %p61, %r679, %r101; @%p61 bra $L__BB0_104; add.s64 %rd182, %rd249,
%rd4; st.global.cs.v4.u32 [%rd182], {%r824,%r823,%r822,%r821}; $L__BB0_104: cvt.u32.u64 %r684, %rd5;
setp.ge.u32 %p62, %r684, %r101; @%p62 bra $L__BB0_106; add.s64 %rd183, %rd249, %rd5; st.global.cs.v4.u32
[%rd183], {%r820,%r819,%r818,%r817}; $L__BB0_106: cvt.u32.u64 %r689, %rd6; setp.ge.u32 %p63, %r689, %r101;
@%p63 bra $L__BB0_108; add.s64 %rd184, %rd249, %rd6; st.global.cs.v4.u32 [%rd184],
{%r816,%r815,%r814,%r813}; $L__BB0_108: cvt.u32.u64 %r694, %rd7; setp.ge.u32 %p64, %r694, %r101; @%p64 bra
$L__BB0_110; add.s64 %rd185, %rd249, %rd7; st.global.cs.v4.u32 [%rd185], {%r812,%r811,%r810,%r809};
$L__BB0_110: cvt.u32.u64 %r699, %rd8; setp.ge.u32 %p65, %r699, %r101; @%p65 bra $L__BB0_112; add.s64 %rd186,
%rd249, %rd8; st.global.cs.v4.u32 [%rd186], {%r808,%r807,%r806,%r805}; $L__BB0_112: cvt.u32.u64 %r704, %rd9;
setp.ge.u32 %p66, %r704, %r101; @%p66 bra $L__BB0_114; add.s64 %rd187, %rd249, %rd9; st.global.cs.v4.u32
[%rd187], {%r804,%r803,%r802,%r801}; $L__BB0_114: cvt.u32.u64 %r709, %rd10; setp.ge.u32 %p67, %r709, %r101;
@%p67 bra $L__BB0_116; add.s64 %rd188, %rd249, %rd10; st.global.cs.v4.u32 [%rd188],
{%r800,%r799,%r798,%r797}; $L__BB0_116: cvt.u32.u64 %r781, %rd3; setp.ge.u32 %p68, %r781, %r1028; @%p68 bra
$L__BB0_118; add.s64 %rd189, %rd250, %rd3; st.global.cs.v4.u32 [%rd189], {%r911,%r910,%r909,%r908};
$L__BB0_118: cvt.u32.u64 %r782, %rd4; setp.ge.u32 %p69, %r782, %r1028; @%p69 bra $L__BB0_120; add.s64
%rd190, %rd250, %rd4; st.global.cs.v4.u32 [%rd190], {%r856,%r855,%r854,%r853}; $L__BB0_120: cvt.u32.u64
%r783, %rd5; setp.ge.u32 %p70, %r783, %r1028; @%p70 bra $L__BB0_122; add.s64 %rd191, %rd250, %rd5;
st.global.cs.v4.u32 [%rd191], {%r852,%r851,%r850,%r849}; $L__BB0_122: cvt.u32.u64 %r784, %rd6; setp.ge.u32
%p71, %r784, %r1028; @%p71 bra $L__BB0_124; add.s64 %rd192, %rd250, %rd6; st.global.cs.v4.u32 [%rd192],
{%r848,%r847,%r846,%r845}; $L__BB0_124: cvt.u32.u64 %r785, %rd7; setp.ge.u32 %p72, %r785, %r1028; @%p72 bra
$L__BB0_126; add.s64 %rd193, %rd250, %rd7; st.global.cs.v4.u32 [%rd193], {%r844,%r843,%r842,%r841};
$L__BB0_126: cvt.u32.u64 %r786, %rd8; setp.ge.u32 %p73, %r786, %r1028; @%p73 bra $L__BB0_128; add.s64
%rd194, %rd250, %rd8; st.global.cs.v4.u32 [%rd194], {%r840,%r839,%r838,%r837}; $L__BB0_128: cvt.u32.u64
%r787, %rd9; setp.ge.u32 %p74, %r787, %r1028; @%p74 bra $L__BB0_130; add.s64 %rd195, %rd250, %rd9;
st.global.cs.v4.u32 [%rd195], {%r836,%r835,%r834,%r833}; $L__BB0_130: cvt.u32.u64 %r788, %rd10; setp.ge.u32
%p75, %r788, %r1028; @%p75 bra $L__BB0_132; add.s64 %rd196, %rd250, %rd10; st.global.cs.v4.u32 [%rd196],
{%r1032,%r1031,%r1030,%r1029}; $L__BB0_132: setp.lt.u32 %p76, %r1061, %r24; mov.u32 %r863, %r1061; @%p76 bra
$L__BB0_24; $L__BB0_133: add.s64 %rd246, %rd246, 512; setp.le.u64 %p77, %rd246, %rd244; @%p77 bra
$L__BB0_20; $L__BB0_134: add.s32 %r789, %r789, 1; setp.lt.u32 %p78, %r789, 3; @%p78 bra $L__BB0_1; bar.sync
0; setp.ne.s32 %p79, %r445, 0; @%p79 bra $L__BB0_138; mov.b64 %rd204, cmm_move_pages_by_registers_param_0;
mov.u32 %r755, %nctaid.x; add.s32 %r756, %r755, -1; ld.param.u64 %rd198, [%rd204+16]; cvta.to.global.u64
%rd199, %rd198; atom.global.inc.u32 %r757, [%rd199], %r756; setp.ne.s32 %p80, %r757, %r756; @%p80 bra
$L__BB0_138; mov.b64 %rd205, cmm_move_pages_by_registers_param_0; membar.sys; ld.param.u64 %rd201,
[%rd205+24]; cvta.to.global.u64 %rd202, %rd201; mov.u32 %r758, 1; st.volatile.global.u32 [%rd202], %r758;
$L__BB0_138: ret; }
)";

/// One thread issues bulk copies through shared memory; from 9.0 on.
inline constexpr const char* page_mover_by_ring = R"(
.version 9.0
.target sm_90
.address_size 64
.extern .shared .align 128 .b8 room[]; .visible .entry cmm_move_pages_by_ring( .param .align 8 .b8
cmm_move_pages_by_ring_param_0[64] ) .maxntid 32, 1, 1 .minnctapersm 1 { .reg .pred %p<58>; .reg .b32
%r<356>; .reg .b64 %rd<227>; .shared .align 16 .b8 _ZZ22cmm_move_pages_by_ringE5rooms[1040]; mov.b64 %rd74,
cmm_move_pages_by_ring_param_0; mov.u32 %r101, %tid.x; setp.ne.s32 %p1, %r101, 0; @%p1 bra $L__BB0_68;
mov.pred %p2, 0; @%p2 bra $L__BB0_3; mov.u32 %r104, _ZZ22cmm_move_pages_by_ringE5rooms; add.s32 %r102,
%r104, 1024; mbarrier.init.shared::cta.b64 [%r102], 1; add.s32 %r103, %r104, 1032;
mbarrier.init.shared::cta.b64 [%r103], 1; $L__BB0_3: ld.param.u32 %r1, [%rd74+52]; ld.param.u32 %r2,
[%rd74+56]; mov.u32 %r105, room; mad.lo.s32 %r3, %r1, %r2, %r105; setp.eq.s32 %p3, %r2, 0; @%p3 bra
$L__BB0_9; add.s32 %r107, %r2, -1; and.b32 %r303, %r2, 3; setp.lt.u32 %p4, %r107, 3; mov.u32 %r301, 0; @%p4
bra $L__BB0_7; sub.s32 %r300, %r2, %r303; mov.u32 %r301, 0; $L__BB0_6: mad.lo.s32 %r109, %r301, 24, %r3;
mbarrier.init.shared::cta.b64 [%r109], 1; add.s32 %r110, %r109, 24; mbarrier.init.shared::cta.b64 [%r110],
1; add.s32 %r111, %r109, 48; mbarrier.init.shared::cta.b64 [%r111], 1; add.s32 %r112, %r109, 72;
mbarrier.init.shared::cta.b64 [%r112], 1; add.s32 %r301, %r301, 4; add.s32 %r300, %r300, -4; setp.ne.s32
%p5, %r300, 0; @%p5 bra $L__BB0_6; $L__BB0_7: setp.eq.s32 %p6, %r303, 0; @%p6 bra $L__BB0_9; $L__BB0_8:
.pragma "nounroll"; mad.lo.s32 %r113, %r301, 24, %r3; mbarrier.init.shared::cta.b64 [%r113], 1; add.s32
%r301, %r301, 1; add.s32 %r303, %r303, -1; setp.ne.s32 %p7, %r303, 0; @%p7 bra $L__BB0_8; $L__BB0_9:
fence.proxy.async.shared::cta; mov.u32 %r304, 0; mov.u32 %r121, %ctaid.x; mov.u32 %r332, %r304; mov.u32
%r318, %r304; mov.u32 %r343, %r304; mov.u32 %r308, %r304; mov.u32 %r336, %r304; $L__BB0_10: add.s64 %rd196,
%rd74, 32; mov.u32 %r310, 0; add.s32 %r122, %r304, %r121; mul.wide.u32 %rd76, %r122, -1431655765; shr.u64
%rd77, %rd76, 33; cvt.u32.u64 %r123, %rd77; mul.lo.s32 %r124, %r123, 3; sub.s32 %r21, %r122, %r124;
setp.eq.s32 %p8, %r21, 0; @%p8 bra $L__BB0_13; add.s64 %rd196, %rd74, 36; setp.eq.s32 %p9, %r21, 1;
ld.param.v2.u32 {%r125, %r126}, [%rd74+32]; selp.b32 %r129, 0, %r126, %p9; add.s32 %r310, %r129, %r125; @%p9
bra $L__BB0_13; add.s64 %rd196, %rd74, 40; $L__BB0_13: ld.param.u32 %r130, [%rd196]; ld.param.u32 %r131,
[%rd74+48]; cvt.u64.u32 %rd5, %r131; mul.wide.u32 %rd6, %r131, %r130; cvt.u64.u32 %rd82, %r121; mul.lo.s64
%rd8, %rd6, %rd82; and.b64 %rd83, %rd8, -4294967296; setp.eq.s64 %p10, %rd83, 0; @%p10 bra $L__BB0_15;
mov.u32 %r133, %nctaid.x; cvt.u64.u32 %rd84, %r133; div.u64 %rd197, %rd8, %rd84; bra.uni $L__BB0_16;
$L__BB0_15: mov.u32 %r134, %nctaid.x; cvt.u32.u64 %r135, %rd8; div.u32 %r136, %r135, %r134; cvt.u64.u32
%rd197, %r136; $L__BB0_16: add.s32 %r138, %r121, 1; cvt.u64.u32 %rd85, %r138; mul.lo.s64 %rd12, %rd6, %rd85;
and.b64 %rd86, %rd12, -4294967296; setp.eq.s64 %p11, %rd86, 0; @%p11 bra $L__BB0_18; mov.u32 %r139,
%nctaid.x; cvt.u64.u32 %rd87, %r139; div.u64 %rd198, %rd12, %rd87; bra.uni $L__BB0_19; $L__BB0_18: mov.u32
%r140, %nctaid.x; cvt.u32.u64 %r141, %rd12; div.u32 %r142, %r141, %r140; cvt.u64.u32 %rd198, %r142;
$L__BB0_19: setp.le.u64 %p12, %rd198, %rd197; @%p12 bra $L__BB0_65; setp.eq.s32 %p13, %r21, 2; selp.b32
%r24, 2, 1, %p13; and.b64 %rd88, %rd197, -4294967296; setp.eq.s64 %p14, %rd88, 0; @%p14 bra $L__BB0_22;
div.u64 %rd199, %rd197, %rd5; bra.uni $L__BB0_23; $L__BB0_22: cvt.u32.u64 %r143, %rd5; cvt.u32.u64 %r144,
%rd197; div.u32 %r145, %r144, %r143; cvt.u64.u32 %rd199, %r145; $L__BB0_23: add.s64 %rd20, %rd198, -1;
and.b64 %rd89, %rd20, -4294967296; setp.eq.s64 %p15, %rd89, 0; @%p15 bra $L__BB0_25; div.u64 %rd200, %rd20,
%rd5; bra.uni $L__BB0_26; $L__BB0_25: cvt.u32.u64 %r146, %rd5; cvt.u32.u64 %r147, %rd20; div.u32 %r148,
%r147, %r146; cvt.u64.u32 %rd200, %r148; $L__BB0_26: ld.param.u64 %rd179, [%rd74]; cvt.u64.u32 %rd91, %r310;
add.s64 %rd92, %rd199, %rd91; shl.b64 %rd93, %rd92, 3; add.s64 %rd94, %rd179, %rd93; shr.u64 %rd95, %rd94,
3; cvt.u32.u64 %r149, %rd95; and.b32 %r330, %r149, 1; and.b64 %rd96, %rd95, 1; sub.s64 %rd97, %rd199, %rd96;
add.s64 %rd204, %rd97, %rd91; mov.u64 %rd98, 1; sub.s64 %rd99, %rd98, %rd199; add.s64 %rd100, %rd99, %rd200;
add.s64 %rd101, %rd100, %rd96; and.b64 %rd102, %rd101, 1; add.s64 %rd25, %rd102, %rd101;
fence.proxy.async.shared::cta; setp.eq.s64 %p16, %rd25, 0; mov.u64 %rd218, 0; mov.u64 %rd201, %rd218; @%p16
bra $L__BB0_28; ld.param.u64 %rd180, [%rd74]; setp.lt.u64 %p17, %rd25, 64; and.b64 %rd104, %rd25,
4294967295; selp.b64 %rd105, %rd104, 64, %p17; cvt.u32.u64 %r155, %rd105; shl.b32 %r153, %r155, 3; shl.b32
%r156, %r308, 3; and.b32 %r157, %r156, 8; mov.u32 %r158, _ZZ22cmm_move_pages_by_ringE5rooms; add.s32 %r159,
%r158, %r157; add.s32 %r150, %r159, 1024; mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r150], %r153;
shl.b32 %r160, %r308, 9; and.b32 %r161, %r160, 512; add.s32 %r152, %r158, %r161; cvta.to.global.u64 %rd106,
%rd180; shl.b64 %rd107, %rd204, 3; add.s64 %rd103, %rd106, %rd107;
cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r152], [%rd103], %r153, [%r150]; add.s64
%rd204, %rd105, %rd204; sub.s64 %rd201, %rd25, %rd105; add.s32 %r308, %r308, 1; $L__BB0_28: setp.eq.s64
%p18, %rd201, 0; @%p18 bra $L__BB0_30; ld.param.u64 %rd181, [%rd74]; setp.lt.u64 %p19, %rd201, 64; and.b64
%rd110, %rd201, 4294967295; selp.b64 %rd111, %rd110, 64, %p19; cvt.u32.u64 %r167, %rd111; shl.b32 %r165,
%r167, 3; shl.b32 %r168, %r308, 3; and.b32 %r169, %r168, 8; mov.u32 %r170,
_ZZ22cmm_move_pages_by_ringE5rooms; add.s32 %r171, %r170, %r169; add.s32 %r162, %r171, 1024;
mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r162], %r165; shl.b32 %r172, %r308, 9; and.b32 %r173, %r172,
512; add.s32 %r164, %r170, %r173; cvta.to.global.u64 %rd112, %rd181; shl.b64 %rd113, %rd204, 3; add.s64
%rd109, %rd112, %rd113; cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r164], [%rd109],
%r165, [%r162]; add.s64 %rd204, %rd111, %rd204; sub.s64 %rd218, %rd201, %rd111; add.s32 %r308, %r308, 1;
$L__BB0_30: ld.param.u64 %rd182, [%rd74]; shl.b64 %rd114, %rd204, 3; add.s64 %rd219, %rd182, %rd114;
$L__BB0_31: shr.u32 %r286, %r336, 1; and.b32 %r285, %r286, 1; shl.b32 %r284, %r336, 3; and.b32 %r283, %r284,
8; mov.u32 %r282, _ZZ22cmm_move_pages_by_ringE5rooms; add.s32 %r281, %r282, %r283; add.s32 %r280, %r281,
1024; { .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%r280], %r285; selp.u32 %r179, 1, 0, p; }
setp.eq.s32 %p20, %r179, 0; @%p20 bra $L__BB0_31; and.b64 %rd183, %rd197, -4294967296; setp.eq.s64 %p57,
%rd183, 0; ld.param.u32 %rd35, [%rd74+48]; @%p57 bra $L__BB0_34; rem.u64 %rd205, %rd197, %rd35; bra.uni
$L__BB0_35; $L__BB0_34: cvt.u32.u64 %r182, %rd35; cvt.u32.u64 %r183, %rd197; rem.u32 %r184, %r183, %r182;
cvt.u64.u32 %rd205, %r184; $L__BB0_35: ld.param.u32 %r313, [%rd74+44]; setp.lt.u32 %p22, %r313, 2; mov.u32
%r315, 0; @%p22 bra $L__BB0_38; mov.u32 %r315, 0; $L__BB0_37: ld.param.u64 %rd187, [%rd74+8];
cvta.to.global.u64 %rd186, %rd187; add.s32 %r187, %r313, %r315; shr.u32 %r188, %r187, 1; mul.wide.u32
%rd120, %r188, 40; add.s64 %rd121, %rd186, %rd120; ld.global.u64 %rd122, [%rd121+32]; setp.le.u64 %p23,
%rd122, %rd205; selp.b32 %r315, %r188, %r315, %p23; selp.b32 %r313, %r313, %r188, %p23; sub.s32 %r189,
%r313, %r315; setp.gt.u32 %p24, %r189, 1; @%p24 bra $L__BB0_37; $L__BB0_38: sub.s64 %rd184, %rd198, %rd197;
setp.eq.s64 %p25, %rd184, 0; @%p25 bra $L__BB0_61; sub.s64 %rd211, %rd198, %rd197; ld.param.u64 %rd124,
[%rd74+8]; cvta.to.global.u64 %rd125, %rd124; mul.wide.u32 %rd126, %r315, 40; add.s64 %rd220, %rd125,
%rd126; ld.global.u64 %rd127, [%rd220+32]; sub.s64 %rd128, %rd205, %rd127; shl.b64 %rd221, %rd128, 12;
mov.u32 %r333, 0; $L__BB0_40: setp.eq.s64 %p26, %rd211, 0; mov.u64 %rd226, 0; @%p26 bra $L__BB0_55; bra.uni
$L__BB0_41; $L__BB0_44: mov.u64 %rd221, 0; ld.param.u64 %rd189, [%rd74+8]; cvta.to.global.u64 %rd220,
%rd189; setp.eq.s64 %p32, %rd211, 0; mov.u32 %r329, %r336; @%p32 bra $L__BB0_50; mov.u64 %rd221, 0;
ld.param.u64 %rd192, [%rd74+8]; cvta.to.global.u64 %rd220, %rd192; add.s32 %r330, %r330, 1; setp.lt.u32
%p33, %r330, 64; mov.u32 %r329, %r336; @%p33 bra $L__BB0_50; fence.proxy.async.shared::cta; setp.eq.s64
%p34, %rd218, 0; mov.u64 %rd216, 0; @%p34 bra $L__BB0_48; mov.u32 %r276, _ZZ22cmm_move_pages_by_ringE5rooms;
setp.lt.u64 %p35, %rd218, 64; and.b64 %rd153, %rd218, 4294967295; selp.b64 %rd154, %rd153, 64, %p35;
cvt.u32.u64 %r213, %rd154; shl.b32 %r211, %r213, 3; shl.b32 %r214, %r308, 3; and.b32 %r215, %r214, 8;
add.s32 %r217, %r276, %r215; add.s32 %r208, %r217, 1024; mbarrier.arrive.expect_tx.shared::cta.b64 _,
[%r208], %r211; shl.b32 %r218, %r308, 9; and.b32 %r219, %r218, 512; add.s32 %r210, %r276, %r219;
cvta.to.global.u64 %rd152, %rd219; cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes
[%r210], [%rd152], %r211, [%r208]; shl.b64 %rd155, %rd154, 3; add.s64 %rd219, %rd219, %rd155; sub.s64
%rd216, %rd218, %rd154; add.s32 %r308, %r308, 1; $L__BB0_48: mov.u64 %rd218, %rd216; $L__BB0_49: add.s32
%r296, %r336, 1; shr.u32 %r295, %r296, 1; and.b32 %r294, %r295, 1; shl.b32 %r293, %r296, 3; and.b32 %r292,
%r293, 8; mov.u32 %r291, _ZZ22cmm_move_pages_by_ringE5rooms; add.s32 %r290, %r291, %r292; add.s32 %r289,
%r290, 1024; add.s32 %r329, %r336, 1; ld.param.u64 %rd195, [%rd74+8]; cvta.to.global.u64 %rd220, %rd195; {
.reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%r289], %r294; selp.u32 %r225, 1, 0, p; }
setp.eq.s32 %p36, %r225, 0; mov.u64 %rd221, 0; mov.u32 %r330, 0; @%p36 bra $L__BB0_49; bra.uni $L__BB0_50;
$L__BB0_41: add.s32 %r191, %r2, -2; sub.s32 %r192, %r191, %r333; setp.lt.u32 %p27, %r192, %r24; mov.u64
%rd226, %rd211; @%p27 bra $L__BB0_55; mov.u32 %r278, _ZZ22cmm_move_pages_by_ringE5rooms; shl.b64 %rd130,
%rd211, 12; ld.param.u32 %r193, [%rd74+52]; cvt.u64.u32 %rd132, %r193; setp.lt.u64 %p28, %rd130, %rd132;
cvt.u32.u64 %r194, %rd130; selp.b32 %r195, %r194, %r193, %p28; shl.b32 %r196, %r336, 9; and.b32 %r197,
%r196, 512; add.s32 %r199, %r278, %r197; shl.b32 %r200, %r330, 3; add.s32 %r201, %r199, %r200;
ld.shared.v2.u32 {%r202, %r203}, [%r201]; ld.global.u64 %rd133, [%rd220+24]; sub.s64 %rd134, %rd133, %rd221;
ld.global.u64 %rd52, [%rd220]; cvt.u64.u32 %rd135, %r202; ld.global.u64 %rd136, [%rd220+16]; mul.lo.s64
%rd137, %rd136, %rd135; add.s64 %rd53, %rd137, %rd221; cvt.u64.u32 %rd138, %r203; mul.lo.s64 %rd139, %rd136,
%rd138; add.s64 %rd54, %rd139, %rd221; ld.global.u64 %rd55, [%rd220+8]; cvt.u64.u32 %rd140, %r195;
setp.lt.u64 %p29, %rd134, %rd140; cvt.u32.u64 %r206, %rd134; selp.b32 %r50, %r206, %r195, %p29; cvt.u64.u32
%rd141, %r50; add.s64 %rd142, %rd141, 4095; shr.u64 %rd143, %rd142, 12; sub.s64 %rd211, %rd211, %rd143;
add.s64 %rd221, %rd221, %rd141; setp.lt.u64 %p30, %rd221, %rd133; mov.u32 %r329, %r336; @%p30 bra
$L__BB0_50; add.s64 %rd220, %rd220, 40; ld.param.u64 %rd146, [%rd74+8]; mov.u64 %rd221, 0;
cvta.to.global.u64 %rd59, %rd146; ld.param.u32 %r207, [%rd74+44]; mul.wide.u32 %rd147, %r207, 40; add.s64
%rd148, %rd59, %rd147; setp.ne.s64 %p31, %rd220, %rd148; mov.u32 %r329, %r336; @%p31 bra $L__BB0_50; bra.uni
$L__BB0_44; $L__BB0_50: setp.eq.s32 %p37, %r21, 1; @%p37 bra $L__BB0_52; cp.async.bulk.wait_group.read 2;
mad.lo.s32 %r229, %r332, 24, %r3; add.s64 %rd158, %rd52, %rd53; st.shared.u64 [%r229+8], %rd158;
st.shared.u32 [%r229+16], %r50; mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r229], %r50; mad.lo.s32
%r231, %r332, %r1, %r105; cvta.to.global.u64 %rd159, %rd55; add.s64 %rd157, %rd159, %rd54;
cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r231], [%rd157], %r50, [%r229]; add.s32
%r235, %r332, 1; setp.eq.s32 %p38, %r235, %r2; selp.b32 %r332, 0, %r235, %p38; add.s32 %r333, %r333, 1;
$L__BB0_52: add.s32 %r274, %r304, %r121; mul.wide.u32 %rd174, %r274, -1431655765; shr.u64 %rd173, %rd174,
33; cvt.u32.u64 %r273, %rd173; mul.lo.s32 %r272, %r273, 3; sub.s32 %r271, %r274, %r272; setp.eq.s32 %p56,
%r271, 0; add.s64 %rd68, %rd55, %rd54; @%p56 bra $L__BB0_54; cp.async.bulk.wait_group.read 2; mad.lo.s32
%r236, %r332, 24, %r3; st.shared.u64 [%r236+8], %rd68; st.shared.u32 [%r236+16], %r50;
mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r236], %r50; mad.lo.s32 %r238, %r332, %r1, %r105;
cvta.to.global.u64 %rd161, %rd52; add.s64 %rd160, %rd161, %rd53;
cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r238], [%rd160], %r50, [%r236]; add.s32
%r242, %r332, 1; setp.eq.s32 %p40, %r242, %r2; selp.b32 %r332, 0, %r242, %p40; add.s32 %r333, %r333, 1;
$L__BB0_54: mov.u64 %rd226, 0; setp.ne.s64 %p41, %rd211, 0; mov.u32 %r336, %r329; @%p41 bra $L__BB0_41;
$L__BB0_55: mov.u32 %r341, 0; mov.u32 %r342, %r318; $L__BB0_56: and.b32 %r298, %r343, 1; mad.lo.s32 %r297,
%r342, 24, %r3; { .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%r297], %r298; selp.u32 %r244,
1, 0, p; } setp.eq.s32 %p42, %r244, 0; @%p42 bra $L__BB0_56; add.s32 %r247, %r342, 1; setp.eq.s32 %p43,
%r247, %r2; selp.u32 %r248, 1, 0, %p43; add.s32 %r343, %r343, %r248; selp.b32 %r342, 0, %r247, %p43; add.s32
%r341, %r341, 1; setp.lt.u32 %p44, %r341, %r24; @%p44 bra $L__BB0_56; setp.ne.s32 %p45, %r21, 2; mad.lo.s32
%r251, %r318, 24, %r3; ld.shared.u32 %r250, [%r251+16]; ld.shared.u64 %rd164, [%r251+8]; cvta.to.global.u64
%rd163, %rd164; mad.lo.s32 %r249, %r318, %r1, %r105; cp.async.bulk.global.shared::cta.bulk_group [%rd163],
[%r249], %r250; cp.async.bulk.commit_group; add.s32 %r253, %r318, 1; setp.eq.s32 %p46, %r253, %r2; selp.b32
%r318, 0, %r253, %p46; @%p45 bra $L__BB0_60; mad.lo.s32 %r256, %r318, 24, %r3; ld.shared.u32 %r255,
[%r256+16]; ld.shared.u64 %rd166, [%r256+8]; cvta.to.global.u64 %rd165, %rd166; mad.lo.s32 %r254, %r318,
%r1, %r105; cp.async.bulk.global.shared::cta.bulk_group [%rd165], [%r254], %r255;
cp.async.bulk.commit_group; add.s32 %r258, %r318, 1; setp.eq.s32 %p47, %r258, %r2; selp.b32 %r318, 0, %r258,
%p47; $L__BB0_60: sub.s32 %r333, %r333, %r24; setp.ne.s32 %p48, %r333, 0; setp.ne.s64 %p49, %rd226, 0;
or.pred %p50, %p48, %p49; mov.u64 %rd211, %rd226; @%p50 bra $L__BB0_40; $L__BB0_61: add.s32 %r336, %r336, 1;
setp.ge.u32 %p51, %r336, %r308; @%p51 bra $L__BB0_65; $L__BB0_62: mov.u32 %r279,
_ZZ22cmm_move_pages_by_ringE5rooms; shl.b32 %r259, %r336, 3; and.b32 %r260, %r259, 8; add.s32 %r262, %r279,
%r260; add.s32 %r92, %r262, 1024; shr.u32 %r263, %r336, 1; and.b32 %r93, %r263, 1; $L__BB0_63: { .reg .pred
p; mbarrier.try_wait.parity.shared::cta.b64 p, [%r92], %r93; selp.u32 %r264, 1, 0, p; } setp.eq.s32 %p52,
%r264, 0; @%p52 bra $L__BB0_63; add.s32 %r336, %r336, 1; setp.lt.u32 %p53, %r336, %r308; @%p53 bra
$L__BB0_62; $L__BB0_65: add.s32 %r304, %r304, 1; setp.lt.u32 %p54, %r304, 3; @%p54 bra $L__BB0_10; mov.u32
%r267, %nctaid.x; cp.async.bulk.wait_group 0; add.s32 %r268, %r267, -1; ld.param.u64 %rd168, [%rd74+16];
cvta.to.global.u64 %rd169, %rd168; atom.global.inc.u32 %r269, [%rd169], %r268; setp.ne.s32 %p55, %r269,
%r268; @%p55 bra $L__BB0_68; membar.sys; ld.param.u64 %rd171, [%rd74+24]; cvta.to.global.u64 %rd172, %rd171;
mov.u32 %r270, 1; st.volatile.global.u32 [%rd172], %r270; $L__BB0_68: ret; }
)";

}  // namespace cmm::cuda::ptx

; The installer of domonitor for Windows. makensis is run by build.py, which defines:
;   VERSION, NUMBERS (four of them), PROGRAM (the folder that PyInstaller made), ICON, SIZE_KB, OUT,
;   SIGN (a command that signs the file that is appended to it, or nothing) and, for the check alone, AS_SYSTEM and FAST.
;
; Per user without elevation, unless /AllUsers, or run by the system itself. /S is silent, /D= names the folder (last,
; without quotes), /LOG= a file for what was done. Exit codes are those that Windows Installer has for the same:

!define DONE 0
!define WRONG_USE 87          ; switches that are unknown or do not go together; /CurrentUser as the system
!define NO_RIGHTS 740         ; for all users an administrator is needed
!define OLD_WINDOWS 1150
!define CANCELLED 1602
!define FAILED 1603           ; files could not be written; what was there before is there again
!define IN_USE 1618           ; something of domonitor still runs; nothing was changed; try again
!define NEWER_IS_THERE 1638

!define LEAST_BUILD 17763     ; Windows 10 1809
!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\domonitor"
!define AUTOSTART "Software\Microsoft\Windows\CurrentVersion\Run"

Target amd64-unicode
Unicode true
ManifestDPIAware true
ManifestSupportedOS Win10
RequestExecutionLevel user
!ifdef FAST
  SetCompressor zlib
!else
  SetCompressor /SOLID lzma
  SetCompressorDictSize 64
!endif
SetDatablockOptimize on
CRCCheck on
Name "domonitor"
BrandingText "domonitor ${VERSION}"
OutFile "${OUT}"
AllowSkipFiles off
ShowInstDetails nevershow
ShowUninstDetails nevershow
VIProductVersion "${NUMBERS}"
VIAddVersionKey "ProductName" "domonitor"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "FileDescription" "Installs domonitor"
VIAddVersionKey "CompanyName" "The domonitor authors"
VIAddVersionKey "LegalCopyright" "MIT licence; see LICENSES.txt"
!if "${SIGN}" != ""
  !uninstfinalize '${SIGN} "%1"' = 0
  !finalize '${SIGN} "%1"' = 0
!endif

!include LogicLib.nsh
!include FileFunc.nsh
!include WordFunc.nsh
!include WinMessages.nsh
!include Sections.nsh
!include nsDialogs.nsh
!include MUI2.nsh

Var AllUsers      ; 1 or 0
Var LogFile       ; a handle, "" for none
Var Ended         ; what make-way ended of this user
Var IsReplacing   ; 1 while the former program is kept aside
Var RemoveData    ; 1 where the user wants that, in the uninstaller

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_ABORTWARNING
!define MUI_CUSTOMFUNCTION_ABORT Cancelled
!define MUI_CUSTOMFUNCTION_UNABORT un.Cancelled
!define MUI_FINISHPAGE_RUN
!define MUI_FINISHPAGE_RUN_TEXT "Start domonitor"
!define MUI_FINISHPAGE_RUN_FUNCTION Start
Page custom AskForWhom TakeForWhom
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
UninstPage custom un.AskForData un.TakeForData
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

!macro Log Text
  ${If} $LogFile != ""
    FileWriteUTF16LE $LogFile "${Text}$\r$\n"
  ${EndIf}
!macroend
!define Log "!insertmacro Log"

; Ends with a code. Who is looking is told why; a silent run has the log and the code.
!macro End Code Why
  ${Log} "Ended with ${Code}: ${Why}"
  SetErrorLevel ${Code}
  MessageBox MB_ICONSTOP "${Why}" /SD IDOK
  Quit
!macroend
!define End "!insertmacro End"

; What both the installer and the uninstaller do at their beginning; UN is "" or "un.".
!macro Shared UN
  Function ${UN}ReadSwitches
    ${GetParameters} $0
    ClearErrors
    ${GetOptions} $0 "/LOG=" $1
    ${IfNot} ${Errors}
      ClearErrors
      FileOpen $LogFile $1 w
      ${If} ${Errors}
        StrCpy $LogFile ""
      ${Else}
        FileWriteWord $LogFile 0xFEFF
      ${EndIf}
    ${EndIf}
    ${Log} "domonitor ${VERSION}, asked: $0"
  FunctionEnd

  ; $0 becomes 1 where the process runs as Windows itself, as the tools of administrators do.
  Function ${UN}IsSystem
    !ifdef AS_SYSTEM
      StrCpy $0 1
    !else
      System::Call 'advapi32::OpenProcessToken(p -1, i 8, *p .r1) i .r2'
      System::Call '*(&i1024) p .r3'
      System::Call 'advapi32::GetTokenInformation(p r1, i 1, p r3, i 1024, *i .r4) i .r2'
      System::Call '*$3(p .r5)'
      System::Call 'advapi32::IsWellKnownSid(p r5, i 22) i .r0' ; WinLocalSystemSid
      System::Free $3
      System::Call 'kernel32::CloseHandle(p r1)'
    !endif
  FunctionEnd

  ; $0 becomes 1 where the process has an administrator's rights.
  Function ${UN}IsAdministrator
    System::Call 'shell32::IsUserAnAdmin() i .r0'
  FunctionEnd

  ; Folders and registry of the one or of all.
  Function ${UN}SetContext
    SetRegView 64
    ${If} $AllUsers = 1
      SetShellVarContext all
    ${Else}
      SetShellVarContext current
    ${EndIf}
  FunctionEnd

  ; Ends what runs out of $INSTDIR. The engine's downloads go on when it is next started.
  Function ${UN}MakeWay
    StrCpy $Ended ""
    ${IfNot} ${FileExists} "$INSTDIR\domonitor.exe"
      Return
    ${EndIf}
    StrCpy $2 ""
    ${If} $AllUsers = 1
      StrCpy $2 " --all-users"
    ${EndIf}
    again:
    nsExec::ExecToStack '"$INSTDIR\domonitor.exe" installer make-way$2'
    Pop $0
    Pop $1
    ${Log} "Made way: $0 $1"
    StrCpy $Ended $1
    ; A program that can't be started can't make way either: then the files themselves say whether they are free.
    ClearErrors
    FileOpen $3 "$INSTDIR\domonitor.exe" a
    FileClose $3
    ${IfNot} ${Errors}
    ${AndIf} ${FileExists} "$INSTDIR\domonitor-gui.exe"
      FileOpen $3 "$INSTDIR\domonitor-gui.exe" a
      FileClose $3
    ${EndIf}
    ${If} ${Errors}
      MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "domonitor is still running. Close it and try again." /SD IDCANCEL IDRETRY again
      ${End} ${IN_USE} "domonitor is still running. Nothing was changed."
    ${EndIf}
  FunctionEnd

  Function ${UN}RemoveProgram
    Delete "$INSTDIR\domonitor.exe"
    Delete "$INSTDIR\domonitor-gui.exe"
    Delete "$INSTDIR\LICENSES.txt"
    RMDir /r "$INSTDIR\_internal"
  FunctionEnd
!macroend
!insertmacro Shared ""
!insertmacro Shared "un."

!macro ReadUninstallKey Result Name
  ${If} $AllUsers = 1
    ReadRegStr ${Result} HKLM "${UNINSTALL}" "${Name}"
  ${Else}
    ReadRegStr ${Result} HKCU "${UNINSTALL}" "${Name}"
  ${EndIf}
!macroend

Section "domonitor" SectionProgram
  SectionIn RO
  ${Log} "Installs into $INSTDIR, for all users: $AllUsers"
  Call MakeWay
  ; The former program is kept aside until the new one is whole.
  RMDir /r "$INSTDIR\_former"
  ${If} ${FileExists} "$INSTDIR\_internal"
    CreateDirectory "$INSTDIR\_former"
    ClearErrors
    Rename "$INSTDIR\_internal" "$INSTDIR\_former\_internal"
    ${If} ${Errors}
      RMDir "$INSTDIR\_former"
      ${End} ${IN_USE} "Files of domonitor are in use. Nothing was changed."
    ${EndIf}
    Rename "$INSTDIR\domonitor.exe" "$INSTDIR\_former\domonitor.exe"
    Rename "$INSTDIR\domonitor-gui.exe" "$INSTDIR\_former\domonitor-gui.exe"
    Rename "$INSTDIR\LICENSES.txt" "$INSTDIR\_former\LICENSES.txt"
    StrCpy $IsReplacing 1
  ${EndIf}
  SetOutPath "$INSTDIR"
  ClearErrors
  File /r "${PROGRAM}\*"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  ${If} ${Errors}
    Call PutBack
    ${End} ${FAILED} "The files could not be written to $INSTDIR. What was there before is there again."
  ${EndIf}
  StrCpy $IsReplacing 0
  RMDir /r "$INSTDIR\_former"
  ${Log} "The files are there"

  WriteRegStr SHCTX "${UNINSTALL}" "DisplayName" "domonitor"
  WriteRegStr SHCTX "${UNINSTALL}" "DisplayVersion" "${VERSION}"
  WriteRegStr SHCTX "${UNINSTALL}" "Publisher" "The domonitor authors"
  WriteRegStr SHCTX "${UNINSTALL}" "DisplayIcon" "$INSTDIR\domonitor-gui.exe"
  WriteRegStr SHCTX "${UNINSTALL}" "InstallLocation" "$INSTDIR"
  WriteRegStr SHCTX "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  ; Named in this way it does not leave before it is done, and its exit code is its own.
  WriteRegStr SHCTX "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S _?=$INSTDIR'
  WriteRegDWORD SHCTX "${UNINSTALL}" "EstimatedSize" ${SIZE_KB}
  WriteRegDWORD SHCTX "${UNINSTALL}" "NoModify" 1
  WriteRegDWORD SHCTX "${UNINSTALL}" "NoRepair" 1
  CreateShortCut "$SMPROGRAMS\domonitor.lnk" "$INSTDIR\domonitor-gui.exe"
SectionEnd

Section /o "Icon on the desktop" SectionDesktop
SectionEnd

Section /o "Start when I log in" SectionAutostart
SectionEnd

Section /o "Command domonitor in every terminal (PATH)" SectionPath
SectionEnd

; What was chosen comes, and what was not goes, so that an installation can be changed by installing again.
Section
  StrCpy $2 ""
  ${If} $AllUsers = 1
    StrCpy $2 " --all-users"
  ${EndIf}
  ${If} ${SectionIsSelected} ${SectionDesktop}
    CreateShortCut "$DESKTOP\domonitor.lnk" "$INSTDIR\domonitor-gui.exe"
  ${Else}
    Delete "$DESKTOP\domonitor.lnk"
  ${EndIf}
  ${If} ${SectionIsSelected} ${SectionAutostart}
    WriteRegStr SHCTX "${AUTOSTART}" "domonitor" '"$INSTDIR\domonitor-gui.exe"'
  ${Else}
    DeleteRegValue SHCTX "${AUTOSTART}" "domonitor"
  ${EndIf}
  ; Not by this script: its strings end after 1024 characters, and a PATH may be longer.
  ${If} ${SectionIsSelected} ${SectionPath}
    nsExec::ExecToStack '"$INSTDIR\domonitor.exe" installer add-to-path$2'
    WriteRegDWORD SHCTX "${UNINSTALL}" "IsInPath" 1
  ${Else}
    nsExec::ExecToStack '"$INSTDIR\domonitor.exe" installer remove-from-path$2'
    DeleteRegValue SHCTX "${UNINSTALL}" "IsInPath"
  ${EndIf}
  Pop $0
  Pop $1
  ${Log} "PATH: $0 $1"
  ; What ran goes on. For all users it is left to them: it would run with an administrator's rights.
  ${If} $AllUsers = 0
    ${WordFind} "$Ended" "engine" "E+1{" $0
    ${IfNot} ${Errors}
      ${Log} "Starts the engine again"
      nsExec::Exec '"$INSTDIR\domonitor.exe" installer go-on'
      Pop $0
    ${EndIf}
    ClearErrors
    ${WordFind} "$Ended" "window" "E+1{" $0
    ${IfNot} ${Errors}
      ${Log} "Opens the window again"
      Exec '"$INSTDIR\domonitor-gui.exe"'
    ${EndIf}
  ${EndIf}
  ${Log} "Done"
  SetErrorLevel ${DONE}
SectionEnd

Function PutBack
  ${If} $IsReplacing = 1
    Call RemoveProgram
    Rename "$INSTDIR\_former\_internal" "$INSTDIR\_internal"
    Rename "$INSTDIR\_former\domonitor.exe" "$INSTDIR\domonitor.exe"
    Rename "$INSTDIR\_former\domonitor-gui.exe" "$INSTDIR\domonitor-gui.exe"
    Rename "$INSTDIR\_former\LICENSES.txt" "$INSTDIR\LICENSES.txt"
    RMDir "$INSTDIR\_former"
    StrCpy $IsReplacing 0
  ${EndIf}
FunctionEnd

Function .onInstFailed
  Call PutBack
  ${Log} "Ended with ${FAILED}: the files could not be written"
  SetErrorLevel ${FAILED}
FunctionEnd

Function Cancelled
  SetErrorLevel ${CANCELLED}
FunctionEnd

Function .onInit
  StrCpy $LogFile ""
  StrCpy $IsReplacing 0
  Call ReadSwitches
  SetRegView 64
  ReadRegStr $0 HKLM "SOFTWARE\Microsoft\Windows NT\CurrentVersion" "CurrentBuildNumber"
  ${If} $0 < ${LEAST_BUILD}
    ${End} ${OLD_WINDOWS} "domonitor needs Windows 10 version 1809 or newer."
  ${EndIf}
  Call ChooseForWhom
  Call SetPlace
FunctionEnd

; For whom, by the switches, by who runs this and by what is there already.
Function ChooseForWhom
  ${GetParameters} $0
  StrCpy $1 0
  ClearErrors
  ${GetOptions} $0 "/AllUsers" $2
  ${IfNot} ${Errors}
    StrCpy $1 1
  ${EndIf}
  StrCpy $3 0
  ClearErrors
  ${GetOptions} $0 "/CurrentUser" $2
  ${IfNot} ${Errors}
    StrCpy $3 1
  ${EndIf}
  ${If} $1 = 1
  ${AndIf} $3 = 1
    ${End} ${WRONG_USE} "/AllUsers and /CurrentUser do not go together."
  ${EndIf}
  StrCpy $AllUsers $1
  StrCpy $4 $3
  StrCpy $5 $1
  Push $4
  Push $5
  Call IsSystem
  Pop $5
  Pop $4
  ${If} $0 = 1
    ${If} $4 = 1
      ${End} ${WRONG_USE} "The system itself can install for all users only."
    ${EndIf}
    StrCpy $AllUsers 1
    Return
  ${EndIf}
  Push $4
  Push $5
  Call IsAdministrator
  Pop $5
  Pop $4
  ${If} $4 = 0
  ${AndIf} $5 = 0
    ; Neither was said: as it was installed before, where that can be.
    ReadRegStr $1 HKLM "${UNINSTALL}" "InstallLocation"
    ReadRegStr $2 HKCU "${UNINSTALL}" "InstallLocation"
    ${If} $1 != ""
    ${AndIf} $2 == ""
    ${AndIf} $0 = 1
      StrCpy $AllUsers 1
    ${EndIf}
  ${EndIf}
  ${If} $AllUsers = 1
  ${AndIf} $0 = 0
    ${If} ${Silent}
      ${End} ${NO_RIGHTS} "To install for all users an administrator is needed."
    ${EndIf}
    Call Elevate
  ${EndIf}
FunctionEnd

; Starts this installer anew with an administrator's rights, and ends this one with the new one's fate unknown.
Function Elevate
  ${GetParameters} $0
  ClearErrors
  ExecShell "runas" "$EXEPATH" "/AllUsers $0"
  ${If} ${Errors}
    SetErrorLevel ${CANCELLED}
  ${EndIf}
  Quit
FunctionEnd

!macro TakeSwitch Switch Section
  ClearErrors
  ${GetOptions} $0 "${Switch}" $1
  ${IfNot} ${Errors}
    !insertmacro SelectSection ${Section}
  ${EndIf}
!macroend

; The folder, unless /D= has named one; what is installed already; what is chosen beside the program.
Function SetPlace
  Call SetContext
  !insertmacro ReadUninstallKey $1 "DisplayVersion"
  ${If} $1 != ""
    ${VersionCompare} "$1" "${VERSION}" $0
    ${If} $0 = 1
      ${End} ${NEWER_IS_THERE} "domonitor $1 is installed, which is newer than ${VERSION}. To go back, uninstall it first."
    ${EndIf}
  ${EndIf}
  !insertmacro ReadUninstallKey $1 "InstallLocation"
  ${If} $INSTDIR == ""
    ${If} $1 != ""
      StrCpy $INSTDIR $1
    ${ElseIf} $AllUsers = 1
      StrCpy $INSTDIR "$PROGRAMFILES64\domonitor"
    ${Else}
      StrCpy $INSTDIR "$LOCALAPPDATA\Programs\domonitor"
    ${EndIf}
  ${EndIf}
  ${If} ${FileExists} "$DESKTOP\domonitor.lnk"
    !insertmacro SelectSection ${SectionDesktop}
  ${EndIf}
  ReadRegStr $0 SHCTX "${AUTOSTART}" "domonitor"
  ${If} $0 != ""
    !insertmacro SelectSection ${SectionAutostart}
  ${EndIf}
  ReadRegDWORD $0 SHCTX "${UNINSTALL}" "IsInPath"
  ${If} $0 = 1
    !insertmacro SelectSection ${SectionPath}
  ${EndIf}
  ${GetParameters} $0
  !insertmacro TakeSwitch "/Desktop" ${SectionDesktop}
  !insertmacro TakeSwitch "/Autostart" ${SectionAutostart}
  !insertmacro TakeSwitch "/Path" ${SectionPath}
FunctionEnd

Function AskForWhom
  ; Whoever said it, and a system that leaves no choice, are not asked again.
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/AllUsers" $1
  ${IfNot} ${Errors}
    Abort
  ${EndIf}
  ClearErrors
  ${GetOptions} $0 "/CurrentUser" $1
  ${IfNot} ${Errors}
    Abort
  ${EndIf}
  !insertmacro MUI_HEADER_TEXT "Install domonitor ${VERSION}" "For whom?"
  nsDialogs::Create 1018
  Pop $0
  ${NSD_CreateRadioButton} 0 10u 100% 12u "&Only for me"
  Pop $1
  ${NSD_CreateLabel} 12u 23u 95% 12u "Needs no administrator."
  Pop $0
  ${NSD_CreateRadioButton} 0 44u 100% 12u "For &all users of this computer"
  Pop $2
  ${NSD_CreateLabel} 12u 57u 95% 12u "An administrator has to allow it."
  Pop $0
  ${If} $AllUsers = 1
    ${NSD_Check} $2
  ${Else}
    ${NSD_Check} $1
  ${EndIf}
  nsDialogs::Show
FunctionEnd

Function TakeForWhom
  ${NSD_GetState} $2 $0
  ${If} $0 = $AllUsers
    Return
  ${EndIf}
  StrCpy $AllUsers $0
  ${If} $AllUsers = 1
    Call IsAdministrator
    ${If} $0 = 0
      Call Elevate
    ${EndIf}
  ${EndIf}
  StrCpy $INSTDIR ""
  Call SetPlace
FunctionEnd

Function Start
  ; By the desktop, so that it never gets the rights of an installer.
  ${If} $AllUsers = 1
    Exec '"$WINDIR\explorer.exe" "$SMPROGRAMS\domonitor.lnk"'
  ${Else}
    Exec '"$INSTDIR\domonitor-gui.exe"'
  ${EndIf}
FunctionEnd

Section "Uninstall"
  ${Log} "Uninstalls from $INSTDIR, for all users: $AllUsers"
  Call un.MakeWay
  StrCpy $2 ""
  ${If} $AllUsers = 1
    StrCpy $2 " --all-users"
  ${EndIf}
  nsExec::ExecToStack '"$INSTDIR\domonitor.exe" installer remove-from-path$2'
  Pop $0
  Pop $1
  SetOutPath "$TEMP"
  Call un.RemoveProgram
  Delete "$SMPROGRAMS\domonitor.lnk"
  Delete "$DESKTOP\domonitor.lnk"
  DeleteRegValue SHCTX "${AUTOSTART}" "domonitor"
  ; The program may have written its own entry, for whoever runs this.
  ReadRegStr $0 HKCU "${AUTOSTART}" "domonitor"
  StrLen $1 "$INSTDIR\"
  StrCpy $0 $0 $1 1
  ${If} $0 == "$INSTDIR\"
    DeleteRegValue HKCU "${AUTOSTART}" "domonitor"
  ${EndIf}
  DeleteRegKey SHCTX "${UNINSTALL}"
  ${If} $RemoveData = 1
    SetShellVarContext current
    RMDir /r "$LOCALAPPDATA\domonitor"
    ${Log} "The list of downloads, settings and logs of this user are removed"
  ${EndIf}
  ClearErrors
  Delete "$INSTDIR\uninstall.exe"
  ${If} ${Errors}
    ; Called by its QuietUninstallString it runs out of the folder itself: somebody else deletes it when it has ended.
    ${Log} "Leaves the uninstaller to be deleted"
    File "/oname=$TEMP\domonitor-remove.cmd" "remove.cmd"
    System::Call 'kernel32::SetEnvironmentVariable(t "DOMONITOR_FOLDER", t "$INSTDIR")'
    ExecShell "open" "$SYSDIR\cmd.exe" '/d /c ""$TEMP\domonitor-remove.cmd""' SW_HIDE
  ${Else}
    RMDir "$INSTDIR"
    RMDir "$INSTDIR\.."
    ${If} ${FileExists} "$INSTDIR\*"
      ${Log} "Files of others are left in $INSTDIR"
    ${EndIf}
  ${EndIf}
  ${Log} "Done"
  SetErrorLevel ${DONE}
SectionEnd

Function un.onInit
  StrCpy $LogFile ""
  StrCpy $RemoveData 0
  Call un.ReadSwitches
  SetRegView 64
  StrCpy $AllUsers 0
  ReadRegStr $0 HKLM "${UNINSTALL}" "InstallLocation"
  ${If} $0 == $INSTDIR
    StrCpy $AllUsers 1
    Call un.IsAdministrator
    ${If} $0 = 0
      ${If} ${Silent}
        ${End} ${NO_RIGHTS} "To uninstall for all users an administrator is needed."
      ${EndIf}
      ClearErrors
      ExecShell "runas" "$INSTDIR\uninstall.exe"
      ${If} ${Errors}
        SetErrorLevel ${CANCELLED}
      ${EndIf}
      Quit
    ${EndIf}
  ${EndIf}
  Call un.SetContext
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/RemoveData" $1
  ${IfNot} ${Errors}
    StrCpy $RemoveData 1
  ${EndIf}
FunctionEnd

Function un.AskForData
  !insertmacro MUI_HEADER_TEXT "Uninstall domonitor" "What you have downloaded stays where it is."
  nsDialogs::Create 1018
  Pop $0
  ${NSD_CreateCheckBox} 0 10u 100% 12u "&Remove my list of downloads, my settings and the logs as well"
  Pop $1
  nsDialogs::Show
FunctionEnd

Function un.TakeForData
  ${NSD_GetState} $1 $RemoveData
FunctionEnd

Function un.Cancelled
  SetErrorLevel ${CANCELLED}
FunctionEnd
